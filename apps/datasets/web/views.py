"""Pages of datasets: the list, one version, cleaning, comparison, forms."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from apps.accounts.access import access_panel
from apps.accounts.permissions import Permission
from apps.accounts.selectors import may_somewhere, require, require_somewhere
from apps.core.errors import DomainError
from apps.core.uploads import received_files, receives_files
from apps.core.web.lists import list_page
from apps.core.web.pages import needs
from apps.core.web.requests import HtmxHttpRequest
from apps.core.web.tabs import active_of, tabs_of
from apps.datasets import selectors, services
from apps.datasets.comparison import compare_datasets
from apps.datasets.models import DatasetVersion
from apps.datasets.pii import PiiKind
from apps.datasets.shapes import REQUIRED
from apps.datasets.states import DatasetStatus
from apps.datasets.web import forms
from apps.governance.chain import chain_of
from apps.governance.standing import standing_of

TABS = ("overview", "rows", "columns", "versions", "lineage", "access", "history")
LISTED_ON_PAGE = 50
SHORT_VALUE = 40  # characters; columns with longer values are given room


@needs(Permission.READ)
def datasets(request: HtmxHttpRequest) -> HttpResponse:
    """Dataset versions that the person may see; filters, order and page are in the URL."""
    filters = forms.DatasetFilter(request.GET, actor=request.user)
    asked: Any = filters.cleaned_data if filters.is_valid() else {}
    rows = selectors.filtered_datasets(actor=request.user, asked=asked)
    context = {
        "filters": filters,
        "page": list_page(request, rows, sorts={"name": "name", "rows": "row_count"}),
        "may_create": may_somewhere(request.user, Permission.EDIT),
    }
    return render(request, "datasets/datasets.html", context)


@needs(Permission.EDIT, post=Permission.EDIT)
def create(request: HtmxHttpRequest) -> HttpResponse:
    """Register a version; leads to its page, where its file is uploaded."""
    require_somewhere(request.user, Permission.EDIT)
    form = forms.DatasetForm(request.POST or None, actor=request.user)
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            made = services.create_dataset(actor=request.user, **form.owned())
        except DomainError as error:
            refusal = error
        else:
            return redirect(made)
    status = 422 if refusal or form.errors else 200
    return render(request, "datasets/dataset_form.html", {"form": form, "refusal": refusal}, status=status)


@needs(Permission.READ)
def dataset(request: HtmxHttpRequest, dataset_id: UUID) -> HttpResponse:
    return render_dataset(request, _found(request, dataset_id))


@needs(Permission.EDIT, post=Permission.EDIT)
def edit(request: HtmxHttpRequest, dataset_id: UUID) -> HttpResponse:
    """Change what a version says, as its state allows."""
    found = _found(request, dataset_id)
    require(request.user, Permission.EDIT, found)
    values = {"license": found.license, "description": found.description, "tags": ", ".join(found.tags)}
    form = forms.DatasetEditForm(request.POST or None, initial=values)
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            services.edit_dataset(actor=request.user, dataset=found, changes=form.cleaned_data)
        except DomainError as error:
            refusal = error
        else:
            return redirect(found)
    context = {"form": form, "refusal": refusal, "dataset": found}
    return render(request, "datasets/dataset_form.html", context, status=422 if refusal or form.errors else 200)


@needs(post=Permission.EDIT)
@receives_files
def upload(request: HtmxHttpRequest, dataset_id: UUID) -> HttpResponse:
    """Examine and keep a file; answers with what was found in it, or with why it was refused."""
    found = _found(request, dataset_id)
    try:
        with received_files(request) as received:
            _, name, path = received[0]
            changed = services.add_dataset_file(actor=request.user, dataset=found, file=path, filename=name)
    except DomainError as error:
        return render_dataset(request, found, refusal=error)
    messages.success(request, f"{changed.row_count:,} rows kept and validated.")
    return redirect(found)


@needs(Permission.EDIT, post=Permission.EDIT)
def clean(request: HtmxHttpRequest, dataset_id: UUID) -> HttpResponse:
    """Make a cleaned version; leads to its page."""
    found = _found(request, dataset_id)
    require(request.user, Permission.EDIT, found)
    form = forms.CleanForm(request.POST or None)
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            made = services.clean_dataset(actor=request.user, dataset=found, **form.cleaned_data)
        except DomainError as error:
            refusal = error
        else:
            messages.success(request, f"{made.row_count:,} of {found.row_count:,} rows are in {made}.")
            return redirect(made)
    context = {"form": form, "refusal": refusal, "dataset": found, "report": selectors.current_report(found)}
    return render(request, "datasets/clean.html", context, status=422 if refusal or form.errors else 200)


@needs(post=Permission.EDIT)
def set_status(request: HtmxHttpRequest, dataset_id: UUID) -> HttpResponse:
    """Make a move that needs no verdict: submit, deprecate."""
    found = _found(request, dataset_id)
    form = forms.ReasonForm(request.POST)
    if form.is_valid():
        try:
            moved = services.set_dataset_status(actor=request.user, dataset=found, **form.cleaned_data)
        except DomainError as error:
            return render_dataset(request, found, refusal=error)
        messages.success(request, f"{moved} is {moved.get_status_display().lower()}.")
    return redirect(found)


@needs(post=Permission.EDIT)
def delete(request: HtmxHttpRequest, dataset_id: UUID) -> HttpResponse:
    found = _found(request, dataset_id)
    try:
        services.delete_dataset(actor=request.user, dataset=found)
    except DomainError as error:
        return render_dataset(request, found, refusal=error)
    messages.success(request, f"{found} is deleted.")
    return redirect("datasets:datasets")


@needs(Permission.READ)
def compare(request: HtmxHttpRequest, dataset_id: UUID) -> HttpResponse:
    """Two versions side by side: `?a=` and `?b=` name them."""
    found = _found(request, dataset_id)
    one, other = (
        selectors.sibling(actor=request.user, dataset=found, version=request.GET.get(name, found.version))
        for name in ("a", "b")
    )
    context = {
        "dataset": found,
        "comparison": compare_datasets(one, other),
        "siblings": selectors.siblings(actor=request.user, dataset=found).exclude(sha256=""),
    }
    return render(request, "datasets/compare.html", context)


def render_dataset(
    request: HtmxHttpRequest, dataset: DatasetVersion, *, refusal: DomainError | None = None
) -> HttpResponse:
    """Render a version's page, as it is now, on the tab that is asked for."""
    dataset = _found(request, dataset.pk)
    standing = standing_of(actor=request.user, subject=dataset)
    tabs = tabs_of(TABS, request.GET.get("tab", ""), counts={"rows": dataset.row_count, "columns": len(dataset.schema)})
    context: dict[str, Any] = {
        "dataset": dataset,
        "tabs": tabs,
        "tab": active_of(tabs),
        "standing": standing,
        "file_open": standing.may_edit and dataset.status in (DatasetStatus.DRAFT, DatasetStatus.UNDER_REVIEW),
        "may_clean": standing.may_edit and bool(dataset.sha256),
        "may_delete": standing.may_edit and dataset.status == DatasetStatus.DRAFT,
        "required": REQUIRED[dataset.type],
        "refusal": refusal,
        **_of_tab(request, dataset, active_of(tabs)),
    }
    return render(request, "datasets/dataset.html", context, status=422 if refusal else 200)


def _of_tab(request: HtmxHttpRequest, dataset: DatasetVersion, tab: str) -> dict[str, Any]:
    if tab == "overview":
        return {"report": shown_report(dataset)}
    if tab == "rows":
        return shown_rows(services.show_rows(actor=request.user, dataset=dataset), dataset)
    if tab == "columns":
        return {"columns": [{**column, **dataset.statistics[column["name"]]} for column in dataset.schema]}
    if tab == "versions":
        return {"siblings": selectors.siblings(actor=request.user, dataset=dataset)}
    if tab == "lineage":
        return {"chain": chain_of(actor=request.user, subject=dataset)}
    if tab == "access":
        return {"access": access_panel(actor=request.user, subject=dataset)}
    return {}


def shown_rows(rows: list[dict[str, Any]], dataset: DatasetVersion) -> dict[str, Any]:
    """Return rows as the page shows them: cells with whether their column holds running text."""
    columns = [column["name"] for column in dataset.schema]
    is_text = {name: any(len(str(row.get(name, ""))) > SHORT_VALUE for row in rows) for name in columns}
    return {"columns": columns, "rows": [[(row.get(name, ""), is_text[name]) for name in columns] for row in rows]}


def shown_report(dataset: DatasetVersion) -> dict[str, Any] | None:
    """Return what validation found as the page shows it; None without a file."""
    report = selectors.current_report(dataset)
    if report is None:
        return None
    return {
        "score": report.quality["score"],
        "parts": report.quality["parts"],
        "pii_kinds": [(PiiKind(kind).label, count) for kind, count in report.pii["by_kind"].items()],
        "pii_rows": report.pii["rows"],
        "pii_items": [
            {**item, "kind": PiiKind(item["kind"]).label, "columns": ", ".join(item["columns"])}
            for item in report.pii["items"][:LISTED_ON_PAGE]
        ],
        "pii_found": report.pii["found"],
        "duplicates": report.duplicates,
        "created_at": report.created_at,
    }


def _found(request: HtmxHttpRequest, dataset_id: UUID) -> DatasetVersion:
    return get_object_or_404(selectors.visible_datasets(actor=request.user), pk=dataset_id)
