"""Pages of batches of approval requests."""

from collections.abc import Callable
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from apps.accounts.permissions import Permission
from apps.accounts.selectors import allows
from apps.core.doors import OWN
from apps.core.errors import DomainError
from apps.core.web.lists import list_page
from apps.core.web.pages import needs
from apps.core.web.requests import HtmxHttpRequest
from apps.governance import selectors, services
from apps.governance.models import ApprovalBatch
from apps.governance.web.forms import VerdictForm


@needs(Permission.READ)
def batch(request: HtmxHttpRequest, batch_id: UUID) -> HttpResponse:
    found = get_object_or_404(selectors.visible_batches(actor=request.user), pk=batch_id)
    form = VerdictForm(initial={"seen_digest": services.batch_digest(found)}, request=request)
    return render_batch(request, found, form)


@needs(post=Permission.APPROVE)
def approve(request: HtmxHttpRequest, batch_id: UUID) -> HttpResponse:
    return _decided(request, batch_id, services.approve_batch)


@needs(post=Permission.APPROVE)
def reject(request: HtmxHttpRequest, batch_id: UUID) -> HttpResponse:
    return _decided(request, batch_id, services.reject_batch)


@needs(post=OWN)
def withdraw(request: HtmxHttpRequest, batch_id: UUID) -> HttpResponse:
    found = get_object_or_404(selectors.visible_batches(actor=request.user), pk=batch_id)
    services.withdraw_batch(actor=request.user, batch=found, reason="Taken back.")
    return redirect("governance:batch", found.pk)


def render_batch(
    request: HtmxHttpRequest, found: ApprovalBatch, form: VerdictForm, *, refusal: DomainError | None = None
) -> HttpResponse:
    requests = selectors.visible_requests(actor=request.user).filter(batch=found)
    is_open = bool(found.open)  # type: ignore[attr-defined]  # counted by the selector
    may_approve = allows(request.user, Permission.APPROVE, found) and found.requester_id != request.user.pk
    context = {
        "batch": found,
        "page": list_page(request, requests),
        "form": form,
        "refusal": refusal,
        "refused": refusal.context.get("details", {}).get("items", []) if refusal else [],
        "may_decide": is_open and may_approve,
        "may_withdraw": is_open and found.requester_id == request.user.pk,
    }
    return render(request, "governance/batch.html", context, status=422 if refusal or form.errors else 200)


def _decided(request: HtmxHttpRequest, batch_id: UUID, verdict: Callable[..., object]) -> HttpResponse:
    found = get_object_or_404(selectors.visible_batches(actor=request.user), pk=batch_id)
    form = VerdictForm(request.POST, request=request)
    if not form.is_valid():
        return render_batch(request, found, form)
    try:
        verdict(
            actor=request.user, batch=found, **{name: form.cleaned_data[name] for name in ("seen_digest", "comment")}
        )
    except DomainError as error:
        return render_batch(request, found, form, refusal=error)
    return redirect("governance:batch", found.pk)
