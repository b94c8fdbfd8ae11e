"""Pages that span the apps: home, inbox, search, the provenance of one answer."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import render

from apps.core.errors import NotFoundError
from apps.core.web.lists import list_page
from apps.core.web.requests import HtmxHttpRequest
from apps.governance.selectors import inbox as waiting_requests
from apps.portal import selectors
from apps.portal.provenance import Step, provenance_of
from apps.telemetry.selectors import visible_event

ICONS = {
    "answer": "message-square",
    "endpoint_revision": "rocket",
    "prompt_version": "message-square-text",
    "model_version": "box",
    "training_job": "cpu",
    "dataset_version": "database",
    "evaluation_run": "flask-conical",
    "human_review": "list-checks",
    "approval": "badge-check",
    "policy_decision": "gavel",
}


@login_required
def home(request: HtmxHttpRequest) -> HttpResponse:
    """What needs me, what is running, what it costs this month."""
    return render(request, "portal/home.html", {"home": selectors.home(actor=request.user)})


@login_required
def inbox(request: HtmxHttpRequest) -> HttpResponse:
    context = {
        "title": "Inbox",
        "subtitle": "Requests that wait for your verdict.",
        "page": list_page(request, waiting_requests(actor=request.user)),
        "waiting": True,
    }
    return render(request, "governance/approvals.html", context)


@login_required
def search(request: HtmxHttpRequest) -> HttpResponse:
    query = request.GET.get("q", "").strip()
    found = selectors.search(actor=request.user, query=query) if query else []
    return render(request, "portal/search.html", {"query": query, "found": found})


@login_required
def provenance(request: HtmxHttpRequest, request_id: UUID) -> HttpResponse:
    """The whole chain behind one answer, each step with what proves it."""
    try:
        event = visible_event(actor=request.user, request_id=str(request_id))
    except NotFoundError as error:
        raise Http404(str(error)) from error
    chain = provenance_of(actor=request.user, event=event)
    context: dict[str, Any] = {"event": event, "chain": chain, "steps": [drawn(step) for step in chain.steps]}
    return render(request, "portal/provenance.html", context)


def drawn(step: Step) -> dict[str, Any]:
    """Return a step as the page shows it: an icon, its kind in words, and its plain facts."""
    plain = {name: value for name, value in step.facts.items() if value not in (None, "", [], {})}
    files = plain.pop("files", [])
    for nested in ("spec", "results", "policies", "derivation"):
        plain.pop(nested, None)
    return {
        "step": step,
        "icon": ICONS.get(step.kind, "box"),
        "kind": f"{step.because} {step.kind}".strip().replace("_", " "),
        "facts": plain,
        "files": files,
        "policies": step.facts.get("policies", []),
        "results": step.facts.get("results", {}),
    }
