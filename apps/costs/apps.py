from django.apps import AppConfig


class CostsConfig(AppConfig):
    """Says what an hour costs, listens to what finishes, and books it in the transaction in which it does."""

    name = "apps.costs"
    label = "costs"
    verbose_name = "Costs"

    def ready(self) -> None:
        from apps.costs import governed, limits, listeners, selectors, states
        from apps.costs.models import BudgetChange
        from apps.costs.services.budgets import make_change
        from apps.evaluation.signals import run_finished
        from apps.governance.access import register_access_kind
        from apps.governance.comparisons import register_aspect, register_predecessor
        from apps.governance.models import AccessRequest
        from apps.governance.subjects import FactProvider, Subject, register_facts, register_subject
        from apps.integrations.orchestration.rates import register_rates
        from apps.telemetry.signals import events_shipped
        from apps.training.signals import job_finished

        register_rates(selectors.hour_usd)
        register_access_kind(limits.LIMIT)
        events_shipped.connect(listeners.book_requests, dispatch_uid="costs.book_requests")
        job_finished.connect(listeners.book_job, dispatch_uid="costs.book_job")
        run_finished.connect(listeners.book_run, dispatch_uid="costs.book_run")
        register_subject(
            Subject(
                model=BudgetChange,
                transitions=(states.CHANGE, states.DROP_CHANGE),
                manifest=governed.manifest,
                people=governed.people,
                page=governed.page,
                may_ask=governed.refuse_asker,
                before_move=make_change,
                shape=governed.SUBJECT,
            )
        )
        told = "What the budget is, and what it is to be."
        register_facts(BudgetChange, FactProvider("change", governed.CHANGE, told, governed.change_facts))
        told = "Of a request for a higher limit, what it would change; of others, nothing grows."
        register_facts(AccessRequest, FactProvider("change", governed.CHANGE, told, governed.limit_facts))
        register_predecessor(BudgetChange, governed.before)
        register_aspect(BudgetChange, governed.ASPECT)
