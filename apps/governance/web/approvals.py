"""Pages of approval requests."""

from collections.abc import Callable
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from apps.accounts.permissions import Permission
from apps.core.doors import OWN
from apps.core.errors import DomainError
from apps.core.web.lists import list_page
from apps.core.web.pages import needs
from apps.core.web.requests import HtmxHttpRequest
from apps.governance import selectors, services
from apps.governance.models import ApprovalRequest
from apps.governance.web import forms
from apps.governance.web.lists import narrowed
from apps.governance.web.request_page import request_page


@needs(Permission.READ)
def approvals(request: HtmxHttpRequest) -> HttpResponse:
    """All approval requests that may be seen, with those that wait for the reader first in the inbox."""
    form = forms.RequestFilter(request.GET)
    rows = selectors.visible_requests(actor=request.user)
    if form.is_valid():
        rows = narrowed(rows, form.cleaned_data, label="subject_label", status="status")
    context = {"form": form, "page": list_page(request, rows), "title": "Approvals"}
    return render(request, "governance/approvals.html", context)


@needs(Permission.READ)
def approval(request: HtmxHttpRequest, request_id: UUID) -> HttpResponse:
    asked = get_object_or_404(selectors.visible_requests(actor=request.user), pk=request_id)
    return render_request(request, asked, verdict_form(request, asked))


@needs(post=Permission.APPROVE)
def approve(request: HtmxHttpRequest, request_id: UUID) -> HttpResponse:
    return _decided(request, request_id, services.approve_request)


@needs(post=Permission.APPROVE)
def reject(request: HtmxHttpRequest, request_id: UUID) -> HttpResponse:
    return _decided(request, request_id, services.reject_request)


@needs(post=OWN)
def withdraw(request: HtmxHttpRequest, request_id: UUID) -> HttpResponse:
    asked = get_object_or_404(selectors.visible_requests(actor=request.user), pk=request_id)
    form = forms.WithdrawForm(request.POST)
    reason = form.cleaned_data["comment"] if form.is_valid() else ""
    return _after(request, asked, lambda: services.withdraw_request(actor=request.user, request=asked, reason=reason))


@needs(post=(Permission.APPROVE, Permission.EDIT))
def execute(request: HtmxHttpRequest, request_id: UUID) -> HttpResponse:
    """Make the move of a request whose approvals are all there."""
    asked = get_object_or_404(selectors.visible_requests(actor=request.user), pk=request_id)
    return _after(request, asked, lambda: services.execute_request(actor=request.user, request=asked))


@needs(post=Permission.READ)
def break_glass(request: HtmxHttpRequest, request_id: UUID) -> HttpResponse:
    """Make the move that a request asks for past its gates."""
    asked = get_object_or_404(selectors.visible_requests(actor=request.user), pk=request_id)
    form = forms.EmergencyForm(request.POST, request=request)
    if not form.is_valid():
        return render_request(request, asked, verdict_form(request, asked), emergency_form=form)
    reason = form.cleaned_data["reason"]
    return _after(
        request,
        asked,
        lambda: services.break_glass(
            actor=request.user,
            subject_kind=asked.subject_kind,
            subject_id=asked.subject_id,
            transition=asked.transition,
            reason=reason,
        ),
    )


def verdict_form(request: HtmxHttpRequest, asked: ApprovalRequest) -> forms.VerdictForm:
    return forms.VerdictForm(initial={"seen_digest": asked.digest}, request=request)


def _decided(request: HtmxHttpRequest, request_id: UUID, verdict: Callable[..., object]) -> HttpResponse:
    asked = get_object_or_404(selectors.visible_requests(actor=request.user), pk=request_id)
    form = forms.VerdictForm(request.POST, request=request)
    if not form.is_valid():
        return render_request(request, asked, form)
    comment, seen = form.cleaned_data["comment"], form.cleaned_data["seen_digest"]
    return _after(request, asked, lambda: verdict(actor=request.user, request=asked, comment=comment, seen_digest=seen))


def _after(request: HtmxHttpRequest, asked: ApprovalRequest, act: Callable[[], object]) -> HttpResponse:
    """Do it; answer with the panel as it is afterwards, or without htmx with a redirect to the page."""
    refusal: DomainError | None = None
    try:
        act()
    except DomainError as error:
        refusal = error
    if refusal is None and not request.htmx:
        return redirect("governance:request", asked.pk)
    now = get_object_or_404(selectors.visible_requests(actor=request.user), pk=asked.pk)
    return render_request(request, now, verdict_form(request, now), refusal=refusal)


def render_request(
    request: HtmxHttpRequest,
    asked: ApprovalRequest,
    form: forms.VerdictForm,
    *,
    emergency_form: forms.EmergencyForm | None = None,
    refusal: DomainError | None = None,
) -> HttpResponse:
    """Render the page of a request, or for htmx its panel: 422 when something was wrong with what was sent."""
    context = {
        **request_page(actor=request.user, asked=asked),
        "form": form,
        "emergency_form": emergency_form or forms.EmergencyForm(request=request),
        "refusal": refusal,
    }
    is_wrong = refusal is not None or form.errors or (emergency_form is not None and emergency_form.errors)
    panel = "#request_panel" if request.htmx else ""
    return render(request, f"governance/approval.html{panel}", context, status=422 if is_wrong else 200)
