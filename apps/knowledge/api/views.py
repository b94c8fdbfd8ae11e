"""Collections, documents and search over HTTP."""

from typing import ClassVar
from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.models import User
from apps.accounts.owners import owner_of
from apps.accounts.permissions import Permission
from apps.core.api.pages import page_of
from apps.core.api.views import PortalAPIView
from apps.core.idempotency import idempotent
from apps.knowledge import selectors, services
from apps.knowledge.api import serializers as shapes
from apps.knowledge.models import Collection


def found_collection(actor: User, collection_id: UUID) -> Collection:
    """Return a collection that `actor` may see, or answer 404."""
    return get_object_or_404(selectors.visible_collections(actor=actor), pk=collection_id)


class Collections(PortalAPIView):
    """GET, POST /llm-ops/v1/knowledge/collections"""

    permissions: ClassVar = {"get": Permission.READ, "post": Permission.EDIT}

    @extend_schema(
        operation_id="knowledge_collections_list",
        summary="Collections of documents",
        responses=shapes.CollectionOut(many=True),
    )
    def get(self, request: Request) -> Response:
        rows = selectors.visible_collections(actor=request.user)
        return Response(page_of(request, rows, lambda row: shapes.CollectionOut(row).data))

    @extend_schema(summary="Make a collection", request=shapes.CollectionIn, responses=shapes.CollectionOut)
    @idempotent
    def post(self, request: Request) -> Response:
        given = self.given(shapes.CollectionIn, request)
        owner = owner_of(request.user, given)
        made = services.create_collection(actor=request.user, **owner, **given)
        return Response(shapes.CollectionOut(made).data)


class CollectionDetail(PortalAPIView):
    """GET, DELETE /llm-ops/v1/knowledge/collections/{collectionId}"""

    permissions: ClassVar = {"get": Permission.READ, "delete": Permission.EDIT}

    @extend_schema(summary="One collection", responses=shapes.CollectionOut)
    def get(self, request: Request, collection_id: UUID) -> Response:
        return Response(shapes.CollectionOut(found_collection(request.user, collection_id)).data)

    @extend_schema(summary="Delete a collection with its documents", responses={200: OpenApiTypes.NONE})
    def delete(self, request: Request, collection_id: UUID) -> Response:
        collection = found_collection(request.user, collection_id)
        services.delete_collection(actor=request.user, collection=collection)
        return self.answer(None, f"'{collection}' is deleted.")


class Documents(PortalAPIView):
    """GET, POST /llm-ops/v1/knowledge/collections/{collectionId}/documents"""

    permissions: ClassVar = {"get": Permission.READ, "post": Permission.EDIT}

    @extend_schema(
        operation_id="knowledge_documents_list",
        summary="Documents of a collection",
        responses=shapes.DocumentOut(many=True),
    )
    def get(self, request: Request, collection_id: UUID) -> Response:
        rows = selectors.documents_of(found_collection(request.user, collection_id))
        return Response(page_of(request, rows, lambda row: shapes.DocumentOut(row).data))

    @extend_schema(summary="Add a text to a collection", request=shapes.DocumentIn, responses=shapes.DocumentOut)
    @idempotent
    def post(self, request: Request, collection_id: UUID) -> Response:
        collection = found_collection(request.user, collection_id)
        added = services.add_document(
            actor=request.user, collection=collection, **self.given(shapes.DocumentIn, request)
        )
        return Response(shapes.DocumentOut(selectors.documents_of(collection).get(pk=added.pk)).data)


class DocumentDetail(PortalAPIView):
    """DELETE /llm-ops/v1/knowledge/collections/{collectionId}/documents/{documentId}"""

    permissions: ClassVar = {"delete": Permission.EDIT}

    @extend_schema(summary="Take a document out of its collection", responses={200: OpenApiTypes.NONE})
    def delete(self, request: Request, collection_id: UUID, document_id: UUID) -> Response:
        documents = selectors.documents_of(found_collection(request.user, collection_id))
        document = get_object_or_404(documents, pk=document_id)
        services.remove_document(actor=request.user, document=document)
        return self.answer(None, f"'{document}' is removed.")


class Search(PortalAPIView):
    """GET /llm-ops/v1/knowledge/collections/{collectionId}/search"""

    permissions: ClassVar = {"get": Permission.READ}

    @extend_schema(
        summary="Passages most like a question, best first", parameters=[shapes.SearchIn], responses=shapes.SearchOut
    )
    def get(self, request: Request, collection_id: UUID) -> Response:
        collection = found_collection(request.user, collection_id)
        asked = self.given_query(shapes.SearchIn, request)
        found = selectors.search_collection(collection, asked["q"], count=asked["count"])
        return Response(shapes.SearchOut({"items": found}).data)
