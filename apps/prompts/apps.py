from django.apps import AppConfig


class PromptsConfig(AppConfig):
    """Registers changes of labels as governed."""

    name = "apps.prompts"
    label = "prompts"
    verbose_name = "Prompts"

    def ready(self) -> None:
        from apps.governance.comparisons import register_aspect, register_predecessor
        from apps.governance.subjects import FactProvider, Subject, register_facts, register_subject
        from apps.prompts import governed, states
        from apps.prompts.models import LabelChange
        from apps.prompts.services.labels import make_change

        register_subject(
            Subject(
                model=LabelChange,
                transitions=(states.MOVE_LABEL, states.DROP_CHANGE),
                manifest=governed.manifest,
                people=governed.people,
                page=governed.page,
                before_move=make_change,
                shape=governed.SUBJECT,
            )
        )
        told = "The version that the label is to point to; of one that is taken off, the version that it leaves."
        register_facts(LabelChange, FactProvider("prompt", governed.PROMPT, told, governed.prompt_facts))
        register_predecessor(LabelChange, governed.before)
        for aspect in governed.ASPECTS:
            register_aspect(LabelChange, aspect)
