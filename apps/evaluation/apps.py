from django.apps import AppConfig


class EvaluationConfig(AppConfig):
    """Registers how runs are woken, and what governance is told of evaluation."""

    name = "apps.evaluation"
    label = "evaluation"
    verbose_name = "Evaluation"

    def ready(self) -> None:
        from apps.catalog.models import ModelVersion
        from apps.core.reconcile import register_reconciler
        from apps.datasets.models import DatasetVersion
        from apps.evaluation import governed
        from apps.evaluation.models import EvaluationRun
        from apps.governance.comparisons import Aspect, register_aspect
        from apps.governance.lineage import register_lineage
        from apps.governance.subjects import FactProvider, register_facts

        register_reconciler(EvaluationRun, "evaluation.reconcile_run")
        register_facts(
            ModelVersion,
            FactProvider(
                name="evaluations",
                shape=governed.EVALUATIONS,
                description="How well it did in each evaluation.",
                provide=governed.evaluation_facts,
            ),
        )
        register_facts(
            ModelVersion,
            FactProvider(
                name="reviews",
                shape=governed.REVIEWS,
                description="What people said of its answers.",
                provide=governed.review_facts,
            ),
        )
        register_lineage(EvaluationRun, governed.run_edges)
        register_lineage(ModelVersion, governed.model_edges)
        register_lineage(DatasetVersion, governed.dataset_edges)
        register_aspect(ModelVersion, Aspect("Measured and reviewed", governed.metrics))
