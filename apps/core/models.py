"""The one table of core: answers kept for `Idempotency-Key`. It names actors by id because accounts stand above."""

from typing import ClassVar

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from apps.core.ids import new_id


class IdempotentAnswer(models.Model):
    """The answer that a POST with an `Idempotency-Key` gave."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    actor_id = models.CharField(max_length=64)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of method, path and body, in hex.")
    data = models.JSONField(null=True, encoder=DjangoJSONEncoder, help_text="The `data` part of the answer.")
    message = models.TextField(blank=True, help_text="The sentence for a person beside it.")
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["actor_id", "key"], name="one_answer_per_key")]

    def __str__(self) -> str:
        return f"{self.actor_id} {self.key}"
