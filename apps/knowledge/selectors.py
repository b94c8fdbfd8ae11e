"""Reads of knowledge: collections, documents, and search by likeness."""

from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Count, QuerySet
from pgvector.django import CosineDistance

from apps.accounts.models import User
from apps.accounts.selectors import visible_to
from apps.knowledge.embedding import embed
from apps.knowledge.errors import EmptyQuestionError
from apps.knowledge.models import Chunk, Collection, Document

FOUND_DEFAULT = 5
FOUND_MAX = 50


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage that was found. `score` is the cosine of the angle between it and the question: 1 is the same text."""

    chunk: Chunk
    score: float


def visible_collections(*, actor: User) -> QuerySet[Collection]:
    """Collections that `actor` may see, newest first, with `document_count`."""
    collections = Collection.objects.select_related("owner_team", "project", "created_by")
    return visible_to(actor, collections.annotate(document_count=Count("documents")).order_by("-id"))


def documents_of(collection: Collection) -> QuerySet[Document]:
    """The documents of a collection, newest first, with `chunk_count`; the caller has checked the collection."""
    documents = collection.documents.select_related("created_by")
    return documents.annotate(chunk_count=Count("chunks")).order_by("-id")


def search_collection(collection: Collection, question: str, *, count: int = FOUND_DEFAULT) -> list[Passage]:
    """Return the passages of a collection that are most like `question`, best first; the caller has checked it.

    Raises:
        EmptyQuestionError: the question has no characters to compare.
    """
    vector = embed(question)
    if not vector.any():
        raise EmptyQuestionError
    with transaction.atomic(), connection.cursor() as cursor:
        # The index knows nothing of collections: let it go on until enough of this one are found.
        cursor.execute("SET LOCAL hnsw.iterative_scan = 'strict_order'")
        distance = CosineDistance("embedding", vector)
        chunks = Chunk.objects.filter(document__collection=collection).select_related("document")
        nearest = list(chunks.annotate(distance=distance).order_by("distance")[:count])
    return [Passage(chunk, round(1.0 - chunk.distance, 4)) for chunk in nearest]
