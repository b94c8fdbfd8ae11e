"""Pages of knowledge: collections, one collection with its documents and its search."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from apps.accounts.permissions import Permission
from apps.accounts.selectors import allows, may_somewhere, require_somewhere
from apps.core.errors import DomainError
from apps.core.web.lists import list_page
from apps.core.web.pages import needs
from apps.core.web.requests import HtmxHttpRequest
from apps.knowledge import selectors, services
from apps.knowledge.models import Collection
from apps.knowledge.web import forms


@needs(Permission.READ)
def collections(request: HtmxHttpRequest) -> HttpResponse:
    """Collections that the person may see."""
    rows = selectors.visible_collections(actor=request.user)
    context = {
        "page": list_page(request, rows, sorts={"name": "name"}),
        "may_create": may_somewhere(request.user, Permission.EDIT),
    }
    return render(request, "knowledge/collections.html", context)


@needs(Permission.EDIT, post=Permission.EDIT)
def create(request: HtmxHttpRequest) -> HttpResponse:
    require_somewhere(request.user, Permission.EDIT)
    form = forms.CollectionForm(request.POST or None, actor=request.user)
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            made = services.create_collection(actor=request.user, **form.owned())
        except DomainError as error:
            refusal = error
        else:
            return redirect(made)
    status = 422 if refusal or form.errors else 200
    return render(request, "knowledge/collection_form.html", {"form": form, "refusal": refusal}, status=status)


@needs(Permission.READ, post=Permission.EDIT)
def collection(request: HtmxHttpRequest, collection_id: UUID) -> HttpResponse:
    """A collection; posting adds a document to it."""
    found = _found(request, collection_id)
    form = forms.DocumentForm(request.POST or None)
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            added = services.add_document(actor=request.user, collection=found, **form.cleaned_data)
        except DomainError as error:
            refusal = error
        else:
            messages.success(request, f"'{added}' is added.")
            return redirect(found)
    return render_collection(request, found, form, refusal=refusal)


@needs(post=Permission.EDIT)
def remove_document(request: HtmxHttpRequest, collection_id: UUID, document_id: UUID) -> HttpResponse:
    found = _found(request, collection_id)
    document = get_object_or_404(selectors.documents_of(found), pk=document_id)
    services.remove_document(actor=request.user, document=document)
    return redirect(found)


@needs(post=Permission.EDIT)
def delete(request: HtmxHttpRequest, collection_id: UUID) -> HttpResponse:
    found = _found(request, collection_id)
    try:
        services.delete_collection(actor=request.user, collection=found)
    except DomainError as error:
        return render_collection(request, found, forms.DocumentForm(), refusal=error)
    messages.success(request, f"{found} is deleted.")
    return redirect("knowledge:collections")


def render_collection(
    request: HtmxHttpRequest, collection: Collection, form: forms.DocumentForm, *, refusal: DomainError | None
) -> HttpResponse:
    search = forms.SearchForm(request.GET if "q" in request.GET else None)
    question = search.cleaned_data["q"] if search.is_valid() else ""
    context = {
        "collection": collection,
        "form": form,
        "search": search,
        "question": question,
        "found": selectors.search_collection(collection, question) if question else [],
        "page": list_page(request, selectors.documents_of(collection), sorts={"title": "title"}),
        "may_edit": allows(request.user, Permission.EDIT, collection),
        "refusal": refusal,
    }
    return render(request, "knowledge/collection.html", context, status=422 if refusal or form.errors else 200)


def _found(request: HtmxHttpRequest, collection_id: UUID) -> Collection:
    return get_object_or_404(selectors.visible_collections(actor=request.user), pk=collection_id)
