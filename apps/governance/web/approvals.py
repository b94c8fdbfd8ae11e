"""Pages of approval requests."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from apps.accounts.permissions import Permission
from apps.accounts.selectors import has_role_on, people_with
from apps.core.errors import DomainError
from apps.core.web.lists import list_page
from apps.core.web.requests import HtmxHttpRequest
from apps.core.web.tones import Look
from apps.governance import selectors, services
from apps.governance.models import ApprovalRequest
from apps.governance.states import Verdict
from apps.governance.subjects import subject_of
from apps.governance.web import forms
from apps.governance.web.lists import narrowed

VERDICT_LOOKS: dict[str, Look] = {Verdict.APPROVE: Look("ok", "badge-check"), Verdict.REJECT: Look("bad", "circle-x")}


@login_required
def approvals(request: HtmxHttpRequest) -> HttpResponse:
    """All approval requests that may be seen, with those that wait for the reader first in the inbox."""
    form = forms.RequestFilter(request.GET)
    rows = selectors.visible_requests(actor=request.user)
    if form.is_valid():
        rows = narrowed(rows, form.cleaned_data, label="subject_label", status="status")
    context = {"form": form, "page": list_page(request, rows), "title": "Approvals"}
    return render(request, "governance/approvals.html", context)


@login_required
def approval(request: HtmxHttpRequest, request_id: UUID) -> HttpResponse:
    asked = get_object_or_404(selectors.visible_requests(actor=request.user), pk=request_id)
    return render_request(request, asked, forms.VerdictForm(initial={"seen_digest": asked.digest}))


@login_required
@require_POST
def approve(request: HtmxHttpRequest, request_id: UUID) -> HttpResponse:
    return _verdict(request, request_id, "approve")


@login_required
@require_POST
def reject(request: HtmxHttpRequest, request_id: UUID) -> HttpResponse:
    return _verdict(request, request_id, "reject")


@login_required
@require_POST
def withdraw(request: HtmxHttpRequest, request_id: UUID) -> HttpResponse:
    return _verdict(request, request_id, "withdraw")


def _verdict(request: HtmxHttpRequest, request_id: UUID, verb: str) -> HttpResponse:
    """Take one verdict; answers with the verdict panel as it is afterwards, or without htmx with a redirect."""
    asked = get_object_or_404(selectors.visible_requests(actor=request.user), pk=request_id)
    form = forms.VerdictForm(request.POST)
    refusal: DomainError | None = None
    if form.is_valid():
        comment, seen = form.cleaned_data["comment"], form.cleaned_data["seen_digest"]
        try:
            if verb == "approve":
                services.approve_request(actor=request.user, request=asked, comment=comment, seen_digest=seen)
            elif verb == "reject":
                services.reject_request(actor=request.user, request=asked, comment=comment)
            else:
                services.withdraw_request(actor=request.user, request=asked, reason=comment)
        except DomainError as error:
            refusal = error
    if refusal is None and form.is_valid():
        if not request.htmx:
            return redirect("governance:request", asked.pk)
        asked = get_object_or_404(selectors.visible_requests(actor=request.user), pk=request_id)
        form = forms.VerdictForm(initial={"seen_digest": asked.digest})
    return render_request(request, asked, form, refusal=refusal, panel="request_panel" if request.htmx else "")


def render_request(
    request: HtmxHttpRequest,
    asked: ApprovalRequest,
    form: forms.VerdictForm,
    *,
    refusal: DomainError | None = None,
    panel: str = "",
) -> HttpResponse:
    subject = asked.subject()
    registered = subject_of(subject)
    parts = services.parts_in(asked, subject)
    opinion = None
    if asked.is_open:
        move = registered.transition(asked.transition)
        opinion = services.ask_policies(actor=request.user, subject=subject, transition=move)
    may_decide = asked.is_open and has_role_on(request.user, Permission.APPROVE, asked.owner_team_id, asked.project_id)
    context: dict[str, Any] = {
        "asked": asked,
        "subject": subject,
        "subject_page": registered.page(subject),
        "verdicts": [(given, VERDICT_LOOKS[given.verdict]) for given in asked.approvals.select_related("approver")],
        "results": opinion.results if opinion else (asked.decision.results if asked.decision else []),
        "allowed": opinion.allowed if opinion else True,
        "facts": opinion.facts if opinion else (asked.decision.facts if asked.decision else {}),
        "history": selectors.events_about(subject),
        "own_part": parts.get(request.user.pk),
        "may_decide": may_decide and request.user.pk not in parts,
        "may_withdraw": asked.is_open and asked.requester_id == request.user.pk,
        "could_approve": people_with(Permission.APPROVE, asked.owner_team_id, asked.project_id).exclude(pk__in=parts),
        "form": form,
        "refusal": refusal,
    }
    status = 422 if refusal or form.errors else 200
    return render(request, f"governance/approval.html{'#' + panel if panel else ''}", context, status=status)
