"""The audit log as a Merkle tree: which leaf is which event, its full tiles, its signed checkpoints; and its copies.

Leaves, tiles and checkpoints are append-only in the database itself. They prove the events, so they need no foreign
keys to them, which would lock each event's row once more.
"""

from typing import ClassVar

from django.db import models

from apps.core.ids import new_id
from apps.governance.models.audit import AuditEvent
from apps.governance.models.fields import TransactionIdField


class AuditLeaf(models.Model):
    """One event's place in the tree."""

    index = models.BigIntegerField(primary_key=True, help_text="Its place, counted from 0.")
    event = models.OneToOneField(AuditEvent, on_delete=models.PROTECT, db_constraint=False, related_name="leaf")
    hash = models.BinaryField(max_length=32, help_text="SHA-256 of a zero byte and the event's canonical bytes.")

    def __str__(self) -> str:
        return f"leaf {self.index}"


class AuditTile(models.Model):
    """256 consecutive hashes of the tree, written once there are so many."""

    pk = models.CompositePrimaryKey("level", "index")
    level = models.PositiveSmallIntegerField(help_text="0 for leaves; each further one stands eight levels higher.")
    index = models.BigIntegerField()
    hashes = models.BinaryField(max_length=8192)
    root = models.BinaryField(max_length=32)

    def __str__(self) -> str:
        return f"tile {self.level}/{self.index}"


class AuditCheckpoint(models.Model):
    """A tree as it was signed. Its size is its key: there are never two of one size."""

    size = models.BigIntegerField(primary_key=True, help_text="How many leaves the tree had.")
    root = models.BinaryField(max_length=32)
    note = models.TextField(help_text="The checkpoint as a signed note: origin, size, root, signature.")
    at = models.DateTimeField()
    read_tx = TransactionIdField(help_text="Every event before (read_tx, read_id) is in the tree.")
    read_id = models.UUIDField()

    class Meta:
        ordering: ClassVar = ["-size"]

    def __str__(self) -> str:
        return f"checkpoint of {self.size}"


class AuditCopy(models.Model):
    """How far one copy outside the database is. It says what was last seen of it; what it holds, it says itself."""

    class Kind(models.TextChoices):
        FILES = "files", "Folder"
        BUCKET = "bucket", "Bucket"
        WITNESS = "witness", "Witness"

    name = models.CharField(primary_key=True, max_length=300, help_text="Folder, bucket or address.")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    size = models.BigIntegerField(default=0, help_text="The tree that it was last brought to.")
    copied_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True, help_text="Why it is not brought further; empty while it works.")
    failures = models.PositiveIntegerField(default=0, help_text="In a row.")
    next_try_at = models.DateTimeField(null=True, help_text="Not before then.")
    cosignature = models.TextField(blank=True, help_text="How a witness signed the checkpoint of `size`.")

    class Meta:
        verbose_name_plural = "audit copies"
        ordering: ClassVar = ["kind", "name"]

    def __str__(self) -> str:
        return self.name


class AuditAlarm(models.Model):
    """Why no checkpoint is signed, or something else about the log that a person has to look at."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    source = models.CharField(max_length=300, help_text="Which copy raised it; empty for the tree in the database.")
    message = models.TextField()
    raised_at = models.DateTimeField(auto_now_add=True)
    cleared_at = models.DateTimeField(null=True, help_text="When its cause was seen to be gone.")

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["source"], condition=models.Q(cleared_at__isnull=True), name="one_open_alarm_of_a_source"
            )
        ]

    def __str__(self) -> str:
        return self.message
