from django.apps import AppConfig


class DatasetsConfig(AppConfig):
    """Registers dataset versions as governed, with their facts and lineage."""

    name = "apps.datasets"
    label = "datasets"
    verbose_name = "Datasets"

    def ready(self) -> None:
        from apps.datasets import governed, states
        from apps.datasets.models import DatasetVersion
        from apps.governance.comparisons import Aspect, register_aspect, register_predecessor
        from apps.governance.lineage import register_lineage
        from apps.governance.subjects import FactProvider, Subject, register_facts, register_subject

        register_subject(
            Subject(
                model=DatasetVersion,
                transitions=states.TRANSITIONS,
                manifest=governed.manifest,
                people=governed.people,
                page=lambda dataset: dataset.get_absolute_url(),
                edits={"edit": "edited", "add_file": "uploaded a file of"},
                before_move=governed.refuse_empty,
                shape=governed.SHAPE,
                risk_tier=governed.risk_tier,
            )
        )
        register_facts(
            DatasetVersion,
            FactProvider(
                name="validation",
                shape=governed.VALIDATION,
                description="What validation found in its file.",
                provide=governed.validation_facts,
            ),
        )
        register_lineage(DatasetVersion, governed.lineage)
        register_predecessor(DatasetVersion, governed.predecessor)
        register_aspect(DatasetVersion, Aspect("Metadata", governed.metadata))
        register_aspect(DatasetVersion, Aspect("Content", governed.content))
