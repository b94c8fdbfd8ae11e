"""How governance's own rows point at what they are about."""

from django.contrib.contenttypes.models import ContentType
from django.db import models

from apps.core.errors import NotFoundError


class AboutSubject(models.Model):
    """A row about one object of any app. The object may be gone; what is recorded of it stays."""

    subject_type = models.ForeignKey(ContentType, on_delete=models.PROTECT, related_name="+")
    subject_id = models.UUIDField()
    subject_label = models.CharField(max_length=300, help_text="How the object was named then.")

    class Meta:
        abstract = True

    @property
    def subject_kind(self) -> str:
        """The object's kind in one word, such as "modelversion"."""
        return str(self.subject_type.model)

    @property
    def kind_name(self) -> str:
        """The object's kind as a person says it, such as "model version"."""
        return str(self.subject_type.name)

    def subject(self) -> models.Model:
        """Return the object itself.

        Raises:
            NotFoundError: it is gone.
        """
        model = self.subject_type.model_class()
        assert model is not None, "the app of a governed object was removed"  # noqa: S101
        found = model._default_manager.filter(pk=self.subject_id).first()
        if found is None:
            raise NotFoundError(f"{self.subject_label} was deleted; what was recorded of it is in the audit trail.")
        return found
