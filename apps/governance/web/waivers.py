"""Pages of waivers."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from apps.accounts.permissions import Permission
from apps.accounts.selectors import has_role_on, require_somewhere, teams_where
from apps.core.errors import DomainError
from apps.core.web.lists import list_page
from apps.core.web.pages import needs
from apps.core.web.requests import HtmxHttpRequest
from apps.governance import selectors, services
from apps.governance.models import Waiver
from apps.governance.reference import facts_by_kind
from apps.governance.states import REVOKE_WAIVER, SUBMIT_WAIVER
from apps.governance.subjects import subject_named
from apps.governance.web import forms
from apps.governance.web.lists import narrowed

FROM_ADDRESS = ("policy", "rule", "subject_kind", "subject_id", "owner_team")


@needs(Permission.READ)
def waivers(request: HtmxHttpRequest) -> HttpResponse:
    form = forms.WaiverFilter(request.GET)
    rows = selectors.visible_waivers(actor=request.user)
    if form.is_valid():
        rows = narrowed(rows, form.cleaned_data, label="subject_label", status="status")
    context = {
        "form": form,
        "page": list_page(request, rows),
        "may_draft": teams_where(request.user, Permission.EDIT).exists(),
    }
    return render(request, "governance/waivers.html", context)


@needs(Permission.EDIT, post=Permission.EDIT)
def new_waiver(request: HtmxHttpRequest) -> HttpResponse:
    """Draft a waiver; the address may say of what, as the page of a decision does."""
    require_somewhere(request.user, Permission.EDIT)
    given = {name: request.GET[name] for name in FROM_ADDRESS if name in request.GET}
    kinds = [(kind.kind, kind.name) for kind in facts_by_kind()]
    teams = teams_where(request.user, Permission.EDIT)
    form = forms.WaiverForm(request.POST or None, initial=given, teams=teams, kinds=kinds)
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        try:
            waiver = services.save_waiver_draft(actor=request.user, team=asked.pop("owner_team"), **asked)
        except DomainError as error:
            refusal = error
        else:
            return redirect(waiver)
    context = {"form": form, "refusal": refusal, "may_draft": teams.exists()}
    return render(request, "governance/waiver_new.html", context, status=422 if refusal or form.errors else 200)


@needs(Permission.READ)
def waiver(request: HtmxHttpRequest, waiver_id: UUID) -> HttpResponse:
    return _page(request, get_object_or_404(selectors.visible_waivers(actor=request.user), pk=waiver_id))


@needs(post=Permission.EDIT)
def submit_waiver(request: HtmxHttpRequest, waiver_id: UUID) -> HttpResponse:
    """Ask that a waiver be granted."""
    found = get_object_or_404(selectors.visible_waivers(actor=request.user), pk=waiver_id)
    try:
        asked = services.submit_waiver(actor=request.user, waiver=found)
    except DomainError as error:
        return _page(request, found, refusal=error)
    return redirect("governance:request", asked.pk)


@needs(post=Permission.APPROVE)
def revoke_waiver(request: HtmxHttpRequest, waiver_id: UUID) -> HttpResponse:
    """End a waiver before its time."""
    found = get_object_or_404(selectors.visible_waivers(actor=request.user), pk=waiver_id)
    form = forms.RevokeForm(request.POST)
    if form.is_valid():
        try:
            services.revoke_waiver(actor=request.user, waiver=found, reason=form.cleaned_data["reason"])
        except DomainError as error:
            return _page(request, found, form=form, refusal=error)
        return redirect(found)
    return _page(request, found, form=form)


def _page(
    request: HtmxHttpRequest,
    found: Waiver,
    *,
    form: forms.RevokeForm | None = None,
    refusal: DomainError | None = None,
) -> HttpResponse:
    about = subject_named(found.subject_kind)
    subject = None
    if about is not None and found.subject_id is not None:
        subject = about.model._default_manager.filter(pk=found.subject_id).first()
    team = found.owner_team_id
    context = {
        "waiver": found,
        "form": form or forms.RevokeForm(),
        "refusal": refusal,
        "about_page": about.page(subject) if about and subject else "",
        "requests": selectors.requests_about(found),
        "history": selectors.events_about(found),
        "may_submit": found.status in SUBMIT_WAIVER.sources and has_role_on(request.user, Permission.EDIT, team),
        "may_revoke": found.status in REVOKE_WAIVER.sources and has_role_on(request.user, Permission.APPROVE, team),
    }
    status = 422 if refusal or (form and form.errors) else 200
    return render(request, "governance/waiver.html", context, status=status)
