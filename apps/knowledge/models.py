"""Document collections and their chunks, for retrieval."""

from typing import ClassVar

from django.db import models
from django.urls import reverse
from pgvector.django import HnswIndex, VectorField

from apps.accounts.models import Owned, User
from apps.core.ids import new_id
from apps.knowledge.embedding import DIMENSIONS


class Collection(Owned):
    """Documents that are searched together."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.SlugField(max_length=100)
    description = models.TextField(blank=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["owner_team", "name"], name="collection_name_once")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("knowledge:collection", args=[self.pk])


class Document(models.Model):
    """One text of a collection, by content."""

    TEAM_PATH = "collection__owner_team"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="documents")
    title = models.CharField(max_length=300)
    sha256 = models.CharField(max_length=64)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["collection", "sha256"], name="document_once")]

    def __str__(self) -> str:
        return self.title


class Chunk(models.Model):
    """A passage of a document with its embedding."""

    TEAM_PATH = "document__collection__owner_team"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="chunks")
    position = models.PositiveIntegerField()
    text = models.TextField()
    embedding = VectorField(dimensions=DIMENSIONS)

    class Meta:
        ordering: ClassVar = ["position"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["document", "position"], name="chunk_position_once")]
        indexes: ClassVar = [
            HnswIndex(fields=["embedding"], opclasses=["vector_cosine_ops"], name="chunk_by_embedding")
        ]

    def __str__(self) -> str:
        return f"{self.document} #{self.position}"
