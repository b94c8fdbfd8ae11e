"""Pages of the catalog: models, one model, its files, comparison, forms."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from apps.accounts.access import access_panel
from apps.accounts.permissions import Permission
from apps.accounts.selectors import may_somewhere, require, require_somewhere
from apps.catalog import selectors, services
from apps.catalog.card import card_body
from apps.catalog.models import ModelVersion
from apps.catalog.states import ModelStatus
from apps.catalog.web import forms
from apps.core.errors import DomainError
from apps.core.uploads import received_files, receives_files
from apps.core.web.lists import list_page
from apps.core.web.markdown import as_html
from apps.core.web.pages import needs
from apps.core.web.requests import HtmxHttpRequest
from apps.core.web.tabs import active_of, tabs_of
from apps.governance.chain import chain_of
from apps.governance.standing import standing_of

TABS = ("overview", "files", "evidence", "versions", "lineage", "access", "history")


@needs(Permission.READ)
def models(request: HtmxHttpRequest) -> HttpResponse:
    """Model versions that the person may see; filters, order and page are in the URL."""
    filters = forms.ModelFilter(request.GET, actor=request.user)
    asked: Any = filters.cleaned_data if filters.is_valid() else {}
    rows = selectors.filtered_models(actor=request.user, asked=asked)
    context = {
        "filters": filters,
        "page": list_page(request, rows, sorts={"name": "name", "size": "size_bytes"}),
        "may_create": may_somewhere(request.user, Permission.EDIT),
    }
    return render(request, "catalog/models.html", context)


@needs(Permission.EDIT, post=Permission.EDIT)
def create(request: HtmxHttpRequest) -> HttpResponse:
    """Register a version; leads to its page."""
    require_somewhere(request.user, Permission.EDIT)
    form = forms.ModelForm(request.POST or None, actor=request.user)
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            made = services.create_model(actor=request.user, **form.owned())
        except DomainError as error:
            refusal = error
        else:
            return redirect(made)
    status = 422 if refusal or form.errors else 200
    return render(request, "catalog/model_form.html", {"form": form, "refusal": refusal}, status=status)


@needs(Permission.READ)
def model(request: HtmxHttpRequest, model_id: UUID) -> HttpResponse:
    return render_model(request, _found(request, model_id))


@needs(Permission.EDIT, post=Permission.EDIT)
def edit(request: HtmxHttpRequest, model_id: UUID) -> HttpResponse:
    """Change what a version says, as its state allows."""
    found = _found(request, model_id)
    require(request.user, Permission.EDIT, found)
    form = forms.ModelEditForm(request.POST or None, actor=request.user, model=found)
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            services.edit_model(actor=request.user, model=found, changes=form.cleaned_data)
        except DomainError as error:
            refusal = error
        else:
            return redirect(found)
    context = {"form": form, "refusal": refusal, "model": found}
    return render(request, "catalog/model_form.html", context, status=422 if refusal or form.errors else 200)


@needs(post=Permission.EDIT)
@receives_files
def upload(request: HtmxHttpRequest, model_id: UUID) -> HttpResponse:
    """Add files to a version; answers with its files, or with why they were refused."""
    found = _found(request, model_id)
    form = forms.UploadForm(request.POST)
    folder = form.cleaned_data["folder"].strip("/") if form.is_valid() else ""
    try:
        with received_files(request) as received:
            files = {f"{folder}/{name}" if folder else name: path for _, name, path in received}
            services.add_model_files(actor=request.user, model=found, files=files)
    except DomainError as error:
        return render_model(request, found, tab="files", refusal=error)
    messages.success(request, f"{len(files)} file{'s' if len(files) > 1 else ''} added.")
    return redirect(f"{found.get_absolute_url()}?tab=files")


@needs(post=Permission.EDIT)
def remove_file(request: HtmxHttpRequest, model_id: UUID, path: str) -> HttpResponse:
    found = _found(request, model_id)
    try:
        services.remove_model_file(actor=request.user, model=found, path=path)
    except DomainError as error:
        return render_model(request, found, tab="files", refusal=error)
    return redirect(f"{found.get_absolute_url()}?tab=files")


@needs(post=Permission.EDIT)
def set_status(request: HtmxHttpRequest, model_id: UUID) -> HttpResponse:
    """Make a move that needs no verdict: submit, deprecate."""
    found = _found(request, model_id)
    form = forms.ReasonForm(request.POST)
    if form.is_valid():
        try:
            moved = services.set_model_status(actor=request.user, model=found, **form.cleaned_data)
        except DomainError as error:
            return render_model(request, found, refusal=error)
        messages.success(request, f"{moved} is {moved.get_status_display().lower()}.")
    return redirect(found)


@needs(post=Permission.EDIT)
def delete(request: HtmxHttpRequest, model_id: UUID) -> HttpResponse:
    found = _found(request, model_id)
    try:
        services.delete_model(actor=request.user, model=found)
    except DomainError as error:
        return render_model(request, found, refusal=error)
    messages.success(request, f"{found} is deleted.")
    return redirect("catalog:models")


@needs(Permission.READ)
def compare(request: HtmxHttpRequest, model_id: UUID) -> HttpResponse:
    """Two versions side by side: `?a=` and `?b=` name them."""
    found = _found(request, model_id)
    one, other = (
        selectors.sibling(actor=request.user, model=found, version=request.GET.get(name, found.version))
        for name in ("a", "b")
    )
    comparison = selectors.compare_models(one, other)
    short = {name: pair for name, pair in comparison.fields.items() if name != "card"}
    context = {
        "model": found,
        "comparison": comparison,
        "before": {name: _shown(pair[0]) for name, pair in short.items()},
        "after": {name: _shown(pair[1]) for name, pair in short.items()},
        "evidence": [shown_evidence(facts) for facts in comparison.evidence],
        "has_evidence": any(facts.get("evaluations") or facts.get("training") for facts in comparison.evidence),
        "siblings": selectors.siblings(actor=request.user, model=found),
    }
    return render(request, "catalog/compare.html", context)


def render_model(
    request: HtmxHttpRequest, model: ModelVersion, *, tab: str = "", refusal: DomainError | None = None
) -> HttpResponse:
    """Render a version's page, as it is now, on the tab that is asked for."""
    model = _found(request, model.pk)
    standing = standing_of(actor=request.user, subject=model)
    files = list(selectors.files_of(model))
    tabs = tabs_of(TABS, tab or request.GET.get("tab", ""), counts={"files": len(files)})
    tab = active_of(tabs)
    context: dict[str, Any] = {
        "model": model,
        "tabs": tabs,
        "tab": tab,
        "standing": standing,
        "files": files,
        "files_open": standing.may_edit and model.status in (ModelStatus.DRAFT, ModelStatus.UNDER_REVIEW),
        "may_delete": standing.may_edit and model.status == ModelStatus.DRAFT,
        "refusal": refusal,
        **_of_tab(request, model, tab),
    }
    return render(request, "catalog/model.html", context, status=422 if refusal else 200)


def shown_evidence(evidence: dict[str, Any]) -> dict[str, Any]:
    """Return evidence as pages show it: evaluations and reviews by name, other facts as they are."""
    others = {name: facts for name, facts in evidence.items() if name not in ("evaluations", "reviews") and facts}
    return {
        "evaluations": evidence.get("evaluations", []),
        "reviews": evidence.get("reviews") or {},
        "others": others,
    }


def _of_tab(request: HtmxHttpRequest, model: ModelVersion, tab: str) -> dict[str, Any]:
    if tab == "overview":
        return {"card": as_html(card_body(model))}
    if tab == "files":
        return {"upload_form": forms.UploadForm()}
    if tab == "evidence":
        return {"evidence": shown_evidence(selectors.evidence_about(model))}
    if tab == "versions":
        return {"siblings": selectors.siblings(actor=request.user, model=model)}
    if tab == "lineage":
        return {"chain": chain_of(actor=request.user, subject=model)}
    if tab == "access":
        return {"access": access_panel(actor=request.user, subject=model)}
    return {}


def _shown(value: Any) -> Any:
    """Return a value as the table of differences shows it; what is empty is not set."""
    return ", ".join(value) if isinstance(value, list) else (value or None)


def _found(request: HtmxHttpRequest, model_id: UUID) -> ModelVersion:
    return get_object_or_404(selectors.visible_models(actor=request.user), pk=model_id)
