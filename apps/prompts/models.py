"""Prompt templates, their immutable versions, and labels that point to versions."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.urls import reverse

from apps.accounts.models import Owned, User
from apps.core.ids import new_id
from apps.governance.states import ChangeStatus

MAX_TEXT_CHARS = 50_000
# Policies are about labels by name: "Production" must not pass for another than "production".
LABEL_NAME = RegexValidator(r"^[a-z0-9_-]+$", "Use lower-case letters, digits, - and _.")


class PromptTemplate(Owned):
    """A named prompt. What it says is in its versions."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.SlugField(max_length=100)
    description = models.TextField(blank=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["owner_team", "name"], name="prompt_name_once")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("prompts:template", args=[self.pk])


class PromptVersion(models.Model):
    """One text of a template, for good. Variables stand in it as `{{ name }}`."""

    TEAM_PATH = "template__owner_team"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    template = models.ForeignKey(PromptTemplate, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    system = models.TextField(blank=True, help_text="System message; may hold variables.")
    user = models.TextField(help_text="User message; may hold variables.")
    variables = ArrayField(models.CharField(max_length=60), default=list)
    digest = models.CharField(max_length=71)
    notes = models.TextField(blank=True, help_text="What changed, and why.")
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-number"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["template", "number"], name="prompt_number_once")]

    def __str__(self) -> str:
        return f"{self.template.name} v{self.number}"

    def get_absolute_url(self) -> str:
        return f"{self.template.get_absolute_url()}?version={self.number}"


class PromptLabel(models.Model):
    """A name that points to one version of a template, such as "production"; only a `LabelChange` moves it."""

    TEAM_PATH = "template__owner_team"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    template = models.ForeignKey(PromptTemplate, on_delete=models.PROTECT, related_name="labels")
    name = models.SlugField(max_length=60, validators=[LABEL_NAME])
    version = models.ForeignKey(PromptVersion, on_delete=models.PROTECT, related_name="labels")
    moved_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["template", "name"], name="prompt_label_once")]

    def __str__(self) -> str:
        return f"{self.template.name}@{self.name}"


class LabelChange(models.Model):
    """Somebody wants a label to point to another version, or to none: `to_version` is empty where it is taken off.

    It never changes but for leaving "proposed", once: the database itself refuses.
    """

    TEAM_PATH = "template__owner_team"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    template = models.ForeignKey(PromptTemplate, on_delete=models.PROTECT, related_name="label_changes")
    name = models.SlugField(max_length=60)
    from_version = models.ForeignKey(PromptVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    to_version = models.ForeignKey(PromptVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=20, choices=ChangeStatus.choices, default=ChangeStatus.PROPOSED)
    reason = models.TextField(blank=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [models.Index(fields=["template", "-id"], name="label_change_by_template")]

    def __str__(self) -> str:
        where = f"to version {self.to_version.number}" if self.to_version else "taken off"
        return f"{self.template.name}@{self.name} {where}"

    @property
    def is_taken_off(self) -> bool:
        return self.to_version_id is None

    @property
    def said(self) -> PromptVersion:
        """The version that it is about: the one that is pointed to, or that is no longer."""
        version = self.to_version or self.from_version
        assert version is not None, "a change leads from a version, or to one"  # noqa: S101
        return version
