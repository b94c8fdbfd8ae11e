from django.apps import AppConfig


class CatalogConfig(AppConfig):
    """Registers model versions as governed, with their facts and lineage."""

    name = "apps.catalog"
    label = "catalog"
    verbose_name = "Catalog"

    def ready(self) -> None:
        from apps.catalog import governed, states
        from apps.catalog.models import ModelVersion
        from apps.governance.comparisons import Aspect, register_aspect, register_predecessor
        from apps.governance.lineage import register_lineage
        from apps.governance.subjects import FactProvider, Subject, register_facts, register_subject

        register_subject(
            Subject(
                model=ModelVersion,
                transitions=states.TRANSITIONS,
                manifest=governed.manifest,
                people=governed.people,
                page=lambda model: model.get_absolute_url(),
                edits={"edit": "edited", "add_files": "uploaded files of", "remove_file": "removed a file of"},
                before_move=governed.refuse_empty,
                shape=governed.SHAPE,
                risk_tier=governed.risk_tier,
            )
        )
        register_facts(
            ModelVersion,
            FactProvider(
                name="files",
                shape=governed.FILES,
                description="The version's files.",
                provide=governed.file_facts,
            ),
        )
        register_facts(
            ModelVersion,
            FactProvider(
                name="external",
                shape=governed.EXTERNAL,
                description="What is stated of an external model.",
                provide=governed.external_facts,
            ),
        )
        register_lineage(ModelVersion, governed.lineage)
        register_predecessor(ModelVersion, governed.predecessor)
        register_aspect(ModelVersion, Aspect("Metadata", governed.metadata))
        register_aspect(ModelVersion, Aspect("Files", governed.files))
