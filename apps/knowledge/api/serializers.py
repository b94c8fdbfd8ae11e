"""Shapes of the knowledge API."""

from typing import Any

from rest_framework import serializers

from apps.accounts.owners import OwnerIn, ProjectSlug
from apps.core.api.inputs import StrictSerializer
from apps.knowledge.models import Collection, Document
from apps.knowledge.selectors import FOUND_DEFAULT, FOUND_MAX


class CollectionIn(OwnerIn):
    name = serializers.CharField(max_length=100, help_text="Lower-case letters, digits and hyphens.")
    description = serializers.CharField(max_length=5000, required=False, allow_blank=True)


class CollectionOut(serializers.ModelSerializer[Collection]):
    owner_team = serializers.CharField(source="owner_team.slug")
    project = ProjectSlug()
    created_by = serializers.CharField(source="created_by.username")
    document_count = serializers.IntegerField(default=0)

    class Meta:
        model = Collection
        fields = ("id", "name", "owner_team", "project", "description", "document_count", "created_by", "created_at")


class DocumentIn(StrictSerializer):
    title = serializers.CharField(max_length=300)
    text = serializers.CharField(trim_whitespace=False, help_text="Plain text, up to 1,000,000 characters.")


class DocumentOut(serializers.ModelSerializer[Document]):
    created_by = serializers.CharField(source="created_by.username")
    chunk_count = serializers.IntegerField(help_text="Passages that it was cut into.")

    class Meta:
        model = Document
        fields = ("id", "title", "sha256", "chunk_count", "created_by", "created_at")


class SearchIn(StrictSerializer):
    q = serializers.CharField(max_length=2000, help_text="What to look for: a word or a sentence.")
    count = serializers.IntegerField(min_value=1, max_value=FOUND_MAX, default=FOUND_DEFAULT)


class PassageOut(serializers.Serializer[Any]):
    document_id = serializers.UUIDField(source="chunk.document_id")
    title = serializers.CharField(source="chunk.document.title")
    position = serializers.IntegerField(source="chunk.position", help_text="Of the passage in its document, from 0.")
    text = serializers.CharField(source="chunk.text")
    score = serializers.FloatField(help_text="Cosine of the angle to the question; 1 is the same text.")


class SearchOut(serializers.Serializer[Any]):
    items = PassageOut(many=True)
