"""Prompt templates and their immutable versions."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.urls import reverse

from apps.accounts.models import Owned, User
from apps.core.ids import new_id

MAX_TEXT_CHARS = 50_000


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
