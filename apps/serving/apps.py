from django.apps import AppConfig


class ServingConfig(AppConfig):
    """Registers revisions as governed, endpoints as reconciled, and what came of models and prompts."""

    name = "apps.serving"
    label = "serving"
    verbose_name = "Serving"

    def ready(self) -> None:
        from apps.catalog.models import ModelVersion
        from apps.core.reconcile import register_reconciler
        from apps.governance.comparisons import register_aspect, register_predecessor
        from apps.governance.lineage import register_lineage
        from apps.governance.subjects import Subject, register_facts, register_subject
        from apps.prompts.models import PromptVersion
        from apps.serving import governed, shapes, states
        from apps.serving.models import Endpoint, EndpointRevision
        from apps.serving.services.targets import before_revision_move

        register_reconciler(Endpoint, "serving.reconcile_endpoint")
        register_subject(
            Subject(
                model=EndpointRevision,
                transitions=(states.DEPLOY, states.GIVE_UP),
                manifest=governed.manifest,
                people=governed.people,
                page=governed.page,
                before_move=before_revision_move,
                shape=shapes.SUBJECT,
                risk_tier=governed.risk_tier,
            )
        )
        # The apps that know something of models stand lower in the house and have registered it by now.
        for provider in governed.facts():
            register_facts(EndpointRevision, provider)
        register_predecessor(EndpointRevision, governed.in_force)
        for aspect in governed.ASPECTS:
            register_aspect(EndpointRevision, aspect)
        register_lineage(ModelVersion, governed.lineage_of_models)
        register_lineage(PromptVersion, governed.lineage_of_prompts)
        register_lineage(Endpoint, governed.lineage_of_endpoints)
