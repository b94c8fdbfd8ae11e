"""Pages of serving: endpoints, one endpoint, deploying."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from apps.accounts.access import access_panel
from apps.accounts.permissions import Permission
from apps.accounts.selectors import allows, may_somewhere, require_somewhere
from apps.core.errors import DomainError
from apps.core.web.lists import list_page
from apps.core.web.pages import needs
from apps.core.web.requests import HtmxHttpRequest
from apps.core.web.tabs import active_of, tabs_of
from apps.core.web.tones import Look, look_of
from apps.governance.chain import chain_of
from apps.governance.selectors import events_about, sees_request
from apps.serving import selectors, services
from apps.serving.models import Endpoint, EndpointEvent
from apps.serving.states import NEXT_ENVIRONMENT, Cause, EndpointStatus, Environment, Wanted
from apps.serving.web import forms, snippets
from apps.telemetry.selectors import events_of_endpoint, traffic

TABS = ("overview", "revisions", "servers", "lineage", "access", "history")
MOVING = frozenset({EndpointStatus.PENDING, EndpointStatus.DEPLOYING, EndpointStatus.DEGRADED})
TRAFFIC_WINDOW = timedelta(hours=24)
SHOWN_ENTRIES = 20
SHOWN_EVENTS = 12
EVENT_LOOKS = {
    "traffic": Look("info", "route"),
    "stopped": Look("neutral", "circle-stop"),
    "ended": Look("bad", "circle-x"),
    "pause": Look("neutral", "pause"),
    "delete": Look("neutral", "trash-2"),
    "proposed": Look("info", "clock"),
    "given_up": Look("neutral", "circle-x"),
    **dict.fromkeys(Cause.values, Look("neutral", "rocket")),
}
Acted = tuple[Endpoint, str]


@needs(Permission.READ)
def endpoints(request: HtmxHttpRequest) -> HttpResponse:
    """Endpoints that the person may see; filters, order and page are in the URL."""
    filters = forms.EndpointFilter(request.GET, actor=request.user)
    rows = selectors.filtered_endpoints(actor=request.user, asked=filters.asked)
    context = {
        "filters": filters,
        "page": list_page(request, rows, sorts={"route": "route_name", "status": "status"}),
        "may_deploy": may_somewhere(request.user, Permission.EDIT),
    }
    return render(request, "serving/endpoints.html", context)


@needs(Permission.EDIT, post=Permission.EDIT)
def deploy(request: HtmxHttpRequest) -> HttpResponse:
    """Deploy a model to a new route; leads to the endpoint's page. `?model=` chooses the model."""
    require_somewhere(request.user, Permission.EDIT)
    form = forms.DeployForm(request.POST or None, actor=request.user, initial={"model": request.GET.get("model")})
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            made = services.deploy(actor=request.user, **form.deployment)
        except DomainError as error:
            refusal = error
        else:
            return _leave(request, made, f"{made.route_name} is being deployed.")
    context = {"form": form, "refusal": refusal}
    return render(request, "serving/deploy.html", context, status=422 if refusal or form.errors else 200)


@needs(Permission.READ)
def endpoint(request: HtmxHttpRequest, endpoint_id: UUID) -> HttpResponse:
    return render_endpoint(request, _found(request, endpoint_id))


@needs(Permission.READ)
def live(request: HtmxHttpRequest, endpoint_id: UUID) -> HttpResponse:
    """The part of the page that changes by itself."""
    context = _live_context(_found(request, endpoint_id))
    return render(request, "serving/endpoint.html#live", context)


@needs(Permission.READ)
def log(request: HtmxHttpRequest, endpoint_id: UUID, server_id: UUID) -> HttpResponse:
    """The last lines of a server's log, as a fragment that asks for itself again while the server lives."""
    server = get_object_or_404(selectors.servers_of(_found(request, endpoint_id)), pk=server_id)
    context = {"server": server, "lines": services.log_of(server=server)}
    return render(request, "serving/_server_log.html", context)


@needs(post=Permission.EDIT)
def redeploy(request: HtmxHttpRequest, endpoint_id: UUID) -> HttpResponse:
    def act(found: Endpoint, given: dict[str, Any]) -> Acted:
        changes = {"model_ref": str(given["model"].pk)} if given["model"] else {}
        changed = services.redeploy(actor=request.user, endpoint=found, changes=changes, reason=given["reason"])
        return changed, f"Revision {_number(changed)} is being deployed."

    return _acted(request, endpoint_id, forms.RedeployForm(request.POST, actor=request.user), act)


@needs(post=Permission.EDIT)
def change_prompt(request: HtmxHttpRequest, endpoint_id: UUID) -> HttpResponse:
    def act(found: Endpoint, given: dict[str, Any]) -> Acted:
        prompt = given["prompt"]
        changed = services.update_endpoint(
            actor=request.user,
            endpoint=found,
            prompt_version=prompt,
            without_prompt=prompt is None,
            reason=given["reason"],
        )
        return changed, f"Revision {_number(changed)} uses {prompt or 'no prompt'}."

    return _acted(request, endpoint_id, forms.PromptForm(request.POST, actor=request.user), act)


@needs(post=Permission.EDIT)
def rollback(request: HtmxHttpRequest, endpoint_id: UUID) -> HttpResponse:
    def act(found: Endpoint, given: dict[str, Any]) -> Acted:
        changed = services.rollback(actor=request.user, endpoint=found, **given)
        return changed, f"Revision {_number(changed)} is revision {given['number']} again."

    return _acted(request, endpoint_id, forms.RollbackForm(request.POST), act)


@needs(post=Permission.EDIT)
def promote(request: HtmxHttpRequest, endpoint_id: UUID) -> HttpResponse:
    """Deploy what is served in the next environment; leads to the endpoint there."""
    found, form = _found(request, endpoint_id), forms.PromoteForm(request.POST)
    if not form.is_valid():
        return render_endpoint(request, found, wrong=form)
    try:
        promoted = services.promote(actor=request.user, endpoint=found, **form.cleaned_data)
    except DomainError as error:
        return render_endpoint(request, found, refusal=error)
    return _leave(request, promoted, f"Revision {_number(promoted)} of {promoted} is being deployed.")


@needs(post=Permission.EDIT)
def pause(request: HtmxHttpRequest, endpoint_id: UUID) -> HttpResponse:
    def act(found: Endpoint, given: dict[str, Any]) -> Acted:
        paused = services.pause(actor=request.user, endpoint=found, **given)
        return paused, "It answers no more calls; its server is being stopped."

    return _acted(request, endpoint_id, forms.ReasonForm(request.POST), act)


@needs(post=Permission.MANAGE)
def delete(request: HtmxHttpRequest, endpoint_id: UUID) -> HttpResponse:
    def act(found: Endpoint, given: dict[str, Any]) -> Acted:
        gone = services.delete_endpoint(actor=request.user, endpoint=found, **given)
        return gone, f"{found.route_name} is being removed."

    return _acted(request, endpoint_id, forms.ReasonForm(request.POST), act)


def render_endpoint(
    request: HtmxHttpRequest, endpoint: Endpoint, *, refusal: DomainError | None = None, wrong: Form | None = None
) -> HttpResponse:
    """Render an endpoint's page, as it is now, with what was refused of the last press."""
    endpoint = _found(request, endpoint.pk)
    revisions = list(selectors.revisions_of(endpoint))
    tabs = tabs_of(TABS, request.GET.get("tab", ""), counts={"revisions": len(revisions)})
    context: dict[str, Any] = {
        "tabs": tabs,
        "tab": active_of(tabs),
        "revisions": revisions,
        "refusal": refusal,
        "wrong": wrong,
        **_live_context(endpoint),
        **_acting_context(request, endpoint),
        **_of_tab(request, endpoint, active_of(tabs)),
    }
    return render(request, "serving/endpoint.html", context, status=422 if refusal or wrong else 200)


def _live_context(endpoint: Endpoint) -> dict[str, Any]:
    seen = traffic(events_of_endpoint(endpoint.pk, since=timezone.now() - TRAFFIC_WINDOW))
    return {
        "endpoint": endpoint,
        "live_url": reverse("serving:live", args=[endpoint.pk]),
        "is_gone": endpoint.status == EndpointStatus.DELETED,
        "traffic": seen,
        "failed_tone": "bad" if seen.failed else "",
        "median": "–" if seen.p50_ms is None else f"{seen.p50_ms:,.0f} ms",
        "slowest": "" if seen.p95_ms is None else f"95 % within {seen.p95_ms:,.0f} ms",
        "waiting": selectors.waiting_revision(endpoint),
        "timeline": [(event, _look(event)) for event in selectors.timeline_of(endpoint)[:SHOWN_EVENTS]],
        "every_s": 2 if endpoint.status in MOVING or endpoint.wanted in {Wanted.PAUSE, Wanted.DELETE} else 10,
        "is_moving": endpoint.serving_revision_id != endpoint.revision_id and endpoint.wanted == Wanted.SERVE,
    }


def _look(event: EndpointEvent) -> Look:
    """Return how an entry of the timeline looks: as the status it tells of, or as what was done."""
    return EVENT_LOOKS.get(event.kind) or look_of(event.kind)


def _acting_context(request: HtmxHttpRequest, endpoint: Endpoint) -> dict[str, Any]:
    """Return what the buttons and their dialogs need; only what the person may do has a form."""
    is_there = endpoint.wanted not in {Wanted.DELETE, Wanted.WAIT}
    may_edit = is_there and allows(request.user, Permission.EDIT, endpoint)
    following = NEXT_ENVIRONMENT.get(Environment(endpoint.environment))
    context: dict[str, Any] = {
        "may_edit": may_edit,
        "may_delete": is_there and allows(request.user, Permission.MANAGE, endpoint),
        "may_pause": may_edit and endpoint.wanted == Wanted.SERVE,
        "may_promote": may_edit and following is not None and endpoint.serving_revision_id is not None,
        "pause_form": forms.ReasonForm(auto_id="pause_%s"),
        "delete_form": forms.ReasonForm(auto_id="delete_%s"),
    }
    if may_edit and endpoint.revision:
        prompt = {"prompt": endpoint.revision.prompt_version_id}
        goal = {"environment": following, "route_name": endpoint.route_name.removesuffix(f"-{endpoint.environment}")}
        context |= {
            "redeploy_form": forms.RedeployForm(actor=request.user, auto_id="redeploy_%s"),
            "prompt_form": forms.PromptForm(actor=request.user, initial=prompt, auto_id="prompt_%s"),
            "promote_form": forms.PromoteForm(initial=goal, auto_id="promote_%s"),
        }
    return context


def _of_tab(request: HtmxHttpRequest, endpoint: Endpoint, tab: str) -> dict[str, Any]:
    if tab == "overview":
        return {
            "what_answers": "What is to answer" if endpoint.wanted == Wanted.WAIT else "What answers",
            "curl": snippets.curl(settings.PUBLIC_URL, endpoint.route_name),
            "python": snippets.python(settings.PUBLIC_URL, endpoint.route_name),
            "chat_url": _chat_url(endpoint) if allows(request.user, Permission.USE, endpoint) else "",
        }
    if tab == "servers":
        return {"servers": selectors.servers_of(endpoint)[:SHOWN_ENTRIES]}
    if tab == "lineage":
        return {"chain": chain_of(actor=request.user, subject=endpoint)}
    if tab == "access":
        return {"access": access_panel(actor=request.user, subject=endpoint)}
    if tab == "history":
        return {"history": events_about(endpoint).order_by("-pk")[:SHOWN_ENTRIES]}
    return {}


def _chat_url(endpoint: Endpoint) -> str:
    """Return where the gateway's pages offer a chat with the route; empty where the gateway is not installed."""
    try:
        return reverse("gateway:chat", args=[endpoint.route_name])
    except NoReverseMatch:
        return ""


def _acted(
    request: HtmxHttpRequest, endpoint_id: UUID, form: Form, act: Callable[[Endpoint, dict[str, Any]], Acted]
) -> HttpResponse:
    """Do what a form asks for and lead back to the page, which says what was done or why it was not."""
    found = _found(request, endpoint_id)
    if not form.is_valid():
        return render_endpoint(request, found, wrong=form)
    try:
        changed, said = act(found, form.cleaned_data)
    except DomainError as error:
        return render_endpoint(request, found, refusal=error)
    return _leave(request, changed, said)


def _leave(request: HtmxHttpRequest, changed: Endpoint, said: str) -> HttpResponse:
    """Lead to the endpoint, or to the request that its deployment waits for, if the person may open that."""
    asked = changed.waits_for
    if asked is None:
        messages.success(request, said)
        return redirect(changed)
    messages.info(request, "Policies want approvals for this, so it was asked for. Nothing that runs changes before.")
    return redirect("governance:request", asked.pk) if sees_request(request.user, asked) else redirect(changed)


def _number(endpoint: Endpoint) -> int:
    assert endpoint.revision is not None, "an endpoint is made with its first revision"  # noqa: S101
    return endpoint.revision.number


def _found(request: HtmxHttpRequest, endpoint_id: UUID) -> Endpoint:
    return get_object_or_404(selectors.visible_endpoints(actor=request.user), pk=endpoint_id)
