"""Pages of asking for access."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache

from apps.accounts.permissions import Permission
from apps.accounts.services import NewKey
from apps.core.doors import OWN, SIGNED_IN
from apps.core.errors import DomainError
from apps.core.web.lists import list_page
from apps.core.web.pages import needs
from apps.core.web.requests import HtmxHttpRequest
from apps.governance import selectors, services
from apps.governance.access import access_kind, access_kinds
from apps.governance.models import AccessRequest
from apps.governance.states import AccessStatus
from apps.governance.web.access_forms import AccessFilter, AskForm
from apps.governance.web.lists import narrowed

SHOWN_ON_ACCOUNT = 5


@needs(Permission.READ)
def access_requests(request: HtmxHttpRequest) -> HttpResponse:
    """What one has asked for, and what was asked for on scopes that one sees."""
    form = AccessFilter(request.GET)
    rows = selectors.visible_access_requests(actor=request.user)
    if form.is_valid():
        rows = narrowed(rows, form.cleaned_data, label="wish", status="status")
        if form.cleaned_data["whose"] == "mine":
            rows = rows.filter(requester=request.user)
    context = {"form": form, "page": list_page(request, rows), "kinds": access_kinds()}
    return render(request, "governance/access_requests.html", context)


@needs(Permission.READ)
def own_access_requests(request: HtmxHttpRequest) -> HttpResponse:
    """The last few, as a part of the page of one's account."""
    own = selectors.visible_access_requests(actor=request.user).filter(requester=request.user)
    return render(request, "governance/_own_access.html", {"own": own[:SHOWN_ON_ACCOUNT]})


@needs(SIGNED_IN, post=SIGNED_IN)
def ask(request: HtmxHttpRequest, kind: str) -> HttpResponse:
    """Ask for something of one kind; `?field=value` fills the form in, as a refusal's link does."""
    asked = access_kind(kind)
    form = AskForm(request.POST or None, kind=asked, actor=request.user, initial=request.GET.dict())
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            made = services.ask_access(actor=request.user, kind=kind, **form.wish())
        except DomainError as error:
            refusal = form.take(error)
        else:
            return redirect(made)
    context = {"form": form, "kind": asked, "kinds": access_kinds(), "refusal": refusal}
    return render(request, "governance/access_ask.html", context, status=422 if refusal or form.errors else 200)


@needs(Permission.READ)
@never_cache
def access_request(request: HtmxHttpRequest, request_id: UUID) -> HttpResponse:
    return render_access_request(request, _found(request, request_id))


@needs(post=OWN)
def withdraw(request: HtmxHttpRequest, request_id: UUID) -> HttpResponse:
    found = _found(request, request_id)
    try:
        services.withdraw_access_request(actor=request.user, request=found)
    except DomainError as error:
        return render_access_request(request, found, refusal=error)
    return redirect(found)


@needs(post=OWN)
@never_cache
def collect(request: HtmxHttpRequest, request_id: UUID) -> HttpResponse:
    """Make the key that was granted; it is shown on this answer and never again."""
    found = _found(request, request_id)
    try:
        made = services.collect_key(actor=request.user, request=found)
    except DomainError as error:
        return render_access_request(request, found, refusal=error)
    return render_access_request(request, _found(request, request_id), made=made)


def render_access_request(
    request: HtmxHttpRequest,
    found: AccessRequest,
    *,
    refusal: DomainError | None = None,
    made: NewKey | None = None,
) -> HttpResponse:
    is_own = found.requester_id == request.user.pk
    requests = list(selectors.requests_about(found))
    context: dict[str, Any] = {
        "wished": found,
        "requests": requests,
        "decided_on": next((each for each in requests if selectors.sees_request(request.user, each)), None),
        "may_withdraw": is_own and found.status == AccessStatus.ASKED,
        "may_collect": is_own
        and found.kind == "key"
        and found.status == AccessStatus.GRANTED
        and found.collected_at is None,
        "made": made,
        "refusal": refusal,
    }
    return render(request, "governance/access_request.html", context, status=422 if refusal else 200)


def _found(request: HtmxHttpRequest, request_id: UUID) -> AccessRequest:
    return get_object_or_404(selectors.visible_access_requests(actor=request.user), pk=request_id)
