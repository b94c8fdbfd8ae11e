from django.apps import AppConfig


class TrainingConfig(AppConfig):
    """Registers how jobs are woken, and what governance is told of training."""

    name = "apps.training"
    label = "training"
    verbose_name = "Training"

    def ready(self) -> None:
        from apps.catalog.models import ModelVersion
        from apps.core.reconcile import register_reconciler
        from apps.datasets.models import DatasetVersion
        from apps.governance.comparisons import Aspect, register_aspect
        from apps.governance.lineage import register_lineage
        from apps.governance.subjects import FactProvider, register_facts, register_people
        from apps.training import governed
        from apps.training.models import TrainingJob

        register_reconciler(TrainingJob, "training.reconcile_job")
        register_people(ModelVersion, governed.trainer)
        register_facts(
            ModelVersion,
            FactProvider(
                name="training",
                shape=governed.TRAINING,
                description="How it was trained.",
                provide=governed.training_facts,
            ),
        )
        register_lineage(TrainingJob, governed.job_edges)
        register_lineage(DatasetVersion, governed.dataset_edges)
        register_lineage(ModelVersion, governed.model_edges)
        register_aspect(ModelVersion, Aspect("Training", governed.recipe))
