"""Knowledge in the Django admin: to look at. Its rows are written by its services alone."""

from django.contrib import admin

from apps.core.admin import ReadOnlyAdmin
from apps.knowledge.models import Chunk, Collection, Document


@admin.register(Collection)
class CollectionAdmin(ReadOnlyAdmin):
    list_display = ("name", "owner_team", "created_by", "created_at")
    list_select_related = ("owner_team", "created_by")


@admin.register(Document)
class DocumentAdmin(ReadOnlyAdmin):
    list_display = ("title", "collection", "sha256", "created_by", "created_at")
    list_select_related = ("collection", "created_by")


@admin.register(Chunk)
class ChunkAdmin(ReadOnlyAdmin):
    list_display = ("document", "position")
    list_select_related = ("document",)
    exclude = ("embedding",)
