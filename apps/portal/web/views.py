"""Pages that span the apps: home, inbox, search, the provenance of one answer."""

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render

from apps.accounts.permissions import Permission
from apps.core.doors import SIGNED_IN
from apps.core.errors import NotFoundError
from apps.core.web.lists import list_page
from apps.core.web.pages import needs
from apps.core.web.requests import HtmxHttpRequest
from apps.governance.selectors import inbox as waiting_requests
from apps.portal import selectors
from apps.portal.provenance import provenance_of
from apps.portal.web.trace import links_of, summary_of
from apps.telemetry.selectors import is_on_its_way, visible_event


@needs(Permission.READ)
def home(request: HtmxHttpRequest) -> HttpResponse:
    """What needs me, what is running, what it costs this month."""
    context = {"home": selectors.home(actor=request.user), "asked": selectors.own_requests(actor=request.user)}
    return render(request, "portal/home.html", context)


@needs(SIGNED_IN)
def inbox(request: HtmxHttpRequest) -> HttpResponse:
    context = {
        "title": "Inbox",
        "subtitle": "Requests that wait for your verdict.",
        "page": list_page(request, waiting_requests(actor=request.user)),
        "waiting": True,
    }
    return render(request, "governance/approvals.html", context)


@needs(Permission.READ)
def search(request: HtmxHttpRequest) -> HttpResponse:
    query = request.GET.get("q", "").strip()
    found = selectors.search(actor=request.user, query=query) if query else []
    return render(request, "portal/search.html", {"query": query, "found": found})


@needs(Permission.READ)
def provenance(request: HtmxHttpRequest, request_id: UUID) -> HttpResponse:
    """The whole chain behind one answer, each step with what proves it.

    Who follows the link of a fresh answer can be faster than its record: the page then waits for it.
    """
    try:
        event = visible_event(actor=request.user, request_id=str(request_id))
    except NotFoundError as error:
        if is_on_its_way(request_id):
            return render(request, "portal/awaited.html", status=202)
        raise Http404(str(error)) from error
    chain = provenance_of(actor=request.user, event=event)
    context = {
        "event": event,
        "chain": chain,
        "digest": chain.as_dict()["digest"],
        "summary": summary_of(chain),
        "links": links_of(chain),
    }
    return render(request, "portal/provenance.html", context)
