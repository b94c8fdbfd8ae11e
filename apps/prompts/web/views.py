"""Pages of prompts: templates, one template with its versions, the editor, comparison."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from apps.accounts.permissions import Permission
from apps.accounts.selectors import allows, may_somewhere, require, require_somewhere
from apps.core.doors import SIGNED_IN
from apps.core.errors import DomainError, InvalidInputError
from apps.core.web.lists import list_page
from apps.core.web.pages import needs
from apps.core.web.requests import HtmxHttpRequest
from apps.prompts import selectors, services
from apps.prompts.models import PromptTemplate, PromptVersion
from apps.prompts.web import forms
from apps.prompts.web.trial import trial_of


@needs(Permission.READ)
def templates(request: HtmxHttpRequest) -> HttpResponse:
    """Prompt templates that the person may see; filters, order and page are in the URL."""
    filters = forms.TemplateFilter(request.GET, actor=request.user)
    asked: dict[str, str] = filters.cleaned_data if filters.is_valid() else {}
    rows = selectors.filtered_templates(actor=request.user, **asked)
    context = {
        "filters": filters,
        "page": list_page(request, rows, sorts={"name": "name", "changed": "last_version_at"}, default="-changed"),
        "may_create": may_somewhere(request.user, Permission.EDIT),
    }
    return render(request, "prompts/templates.html", context)


@needs(Permission.EDIT, post=Permission.EDIT)
def create(request: HtmxHttpRequest) -> HttpResponse:
    """Make a template with its first version; leads to its page."""
    require_somewhere(request.user, Permission.EDIT)
    form = forms.TemplateForm(request.POST or None, actor=request.user)
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            made = services.create_template(actor=request.user, **form.owned())
        except DomainError as error:
            refusal = error
        else:
            return redirect(made)
    return _editor(request, form, refusal)


@needs(Permission.EDIT, post=Permission.EDIT)
def edit(request: HtmxHttpRequest, template_id: UUID) -> HttpResponse:
    """Write the next version, beginning with what the newest says; leads to the template's page."""
    template = _found(request, template_id)
    require(request.user, Permission.EDIT, template)
    newest = selectors.version_numbered(template, None)
    form = forms.VersionForm(request.POST or None, initial={"system": newest.system, "user": newest.user})
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            version = services.add_version(actor=request.user, template=template, **form.cleaned_data)
        except DomainError as error:
            refusal = error
        else:
            messages.success(request, f"Version {version.number} is saved.")
            return redirect(template)
    return _editor(request, form, refusal, newest)


@needs(post=SIGNED_IN)
def preview(request: HtmxHttpRequest) -> HttpResponse:
    """Answer with how the texts in the editor read: the whole panel, or only the messages when `?only=messages`."""
    form = forms.TryForm(request.POST)
    if not form.is_valid():
        raise InvalidInputError(fields={name: list(reasons) for name, reasons in form.errors.items()})
    trial = trial_of(form.cleaned_data["system"], form.cleaned_data["user"], request.POST)
    part = "messages" if request.GET.get("only") == "messages" else "trial"
    return render(request, f"prompts/_trial.html#{part}", {"trial": trial})


@needs(Permission.READ)
def template(request: HtmxHttpRequest, template_id: UUID) -> HttpResponse:
    """A template and one of its versions: the newest, or the one that `?version=` names."""
    found = _found(request, template_id)
    return render_template(request, found, number=_number(request.GET.get("version", "")))


@needs(Permission.READ)
def compare(request: HtmxHttpRequest, template_id: UUID) -> HttpResponse:
    """Two versions line by line: `?a=` and `?b=` name them; without them the newest and the one before."""
    found = _found(request, template_id)
    last = selectors.version_numbered(found, None).number
    numbers = (request.GET.get("a", str(max(1, last - 1))), request.GET.get("b", str(last)))
    if not all(number.isdecimal() and number.isascii() for number in numbers):
        raise InvalidInputError("'a' and 'b' are numbers of versions.")
    a, b = (selectors.version_numbered(found, int(number)) for number in numbers)
    labels = {"a_label": f"Version {a.number}", "b_label": f"Version {b.number}"}
    context = {"template": found, "a": a, "b": b, "numbers": range(last, 0, -1), **labels}
    return render(request, "prompts/compare.html", context)


@needs(post=Permission.EDIT)
def rollback(request: HtmxHttpRequest, template_id: UUID) -> HttpResponse:
    """Say again what an earlier version said, by a new version."""
    found = _found(request, template_id)
    form = forms.RollbackForm(request.POST)
    if form.is_valid():
        try:
            version = services.rollback_template(actor=request.user, template=found, **form.cleaned_data)
        except DomainError as error:
            return render_template(request, found, refusal=error)
        messages.success(request, f"Version {version.number} says what version {form.cleaned_data['version']} said.")
    return redirect(found)


@needs(post=Permission.EDIT)
def move_label(request: HtmxHttpRequest, template_id: UUID) -> HttpResponse:
    """Have a label point to a version; leads back to that version, or to the request that it waits for."""
    found = _found(request, template_id)
    form = forms.LabelForm(request.POST)
    if not form.is_valid():
        return render_template(request, found, number=_number(request.POST.get("version", "")), wrong=form)
    try:
        moved = services.move_label(actor=request.user, template=found, **form.cleaned_data)
    except DomainError as error:
        return render_template(request, found, number=form.cleaned_data["version"], refusal=error)
    return _leave(request, moved, f"{form.cleaned_data['name']} points to version {form.cleaned_data['version']}.")


@needs(post=Permission.EDIT)
def take_label_off(request: HtmxHttpRequest, template_id: UUID) -> HttpResponse:
    """Have a label point to nothing; leads back to the version that it left, or to the request that it waits for."""
    found = _found(request, template_id)
    form = forms.LabelRemovalForm(request.POST)
    if not form.is_valid():
        return redirect(found)
    try:
        moved = services.take_label_off(actor=request.user, template=found, **form.cleaned_data)
    except DomainError as error:
        return render_template(request, found, refusal=error)
    return _leave(request, moved, f"{form.cleaned_data['name']} points to nothing any more.")


def render_template(
    request: HtmxHttpRequest,
    template: PromptTemplate,
    *,
    number: int | None = None,
    refusal: DomainError | None = None,
    wrong: forms.LabelForm | None = None,
) -> HttpResponse:
    """Render a template's page, as it is now."""
    version = selectors.version_numbered(template, number)
    context: dict[str, Any] = {
        "template": template,
        "version": version,
        "heading": f"Version {version.number}",
        "versions": template.versions.select_related("created_by").prefetch_related("labels"),
        "labels": selectors.labels_of(template),
        "waiting": selectors.waiting_changes(template),
        "label_form": forms.LabelForm(initial={"version": version.number}, auto_id="label_%s"),
        "label_heading": f"Have a label point to version {version.number}",
        "wrong": wrong,
        "is_newest": version.number == selectors.version_numbered(template, None).number,
        "trial": trial_of(version.system, version.user, {}),
        "may_edit": allows(request.user, Permission.EDIT, template),
        "refusal": refusal,
    }
    return render(request, "prompts/template.html", context, status=422 if refusal or wrong else 200)


def _leave(request: HtmxHttpRequest, moved: services.Moved, done: str) -> HttpResponse:
    if moved.request is not None:
        messages.info(request, "Policies want approvals for this, so it was asked for. The label stays where it is.")
        return redirect("governance:request", moved.request.pk)
    messages.success(request, done)
    return redirect(moved.change.said)


def _number(asked: str) -> int | None:
    return int(asked) if asked.isdecimal() and asked.isascii() else None


def _editor(
    request: HtmxHttpRequest, form: forms.VersionForm, refusal: DomainError | None, newest: PromptVersion | None = None
) -> HttpResponse:
    written = {name: form[name].value() or "" for name in ("system", "user")}
    context = {
        "form": form,
        "refusal": refusal,
        "newest": newest,
        "heading": f"Write version {newest.number + 1}" if newest else "",
        "trial": trial_of(written["system"], written["user"], request.POST),
    }
    return render(request, "prompts/editor.html", context, status=422 if refusal or form.errors else 200)


def _found(request: HtmxHttpRequest, template_id: UUID) -> PromptTemplate:
    return get_object_or_404(selectors.visible_templates(actor=request.user), pk=template_id)
