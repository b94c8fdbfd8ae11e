"""Pages of policies, and of what they decided."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from apps.accounts.permissions import Permission
from apps.accounts.selectors import has_role_on, teams_where
from apps.core.errors import DomainError
from apps.core.web.lists import list_page
from apps.core.web.pages import needs
from apps.core.web.requests import HtmxHttpRequest
from apps.core.web.tones import words
from apps.governance import selectors, services
from apps.governance.models import PolicyVersion
from apps.governance.policy_params import read_params
from apps.governance.states import SUBMIT_POLICY
from apps.governance.subjects import subject_named
from apps.governance.web import forms
from apps.governance.web.lists import narrowed

WAIVERS_SHOWN = 10


@needs(Permission.READ)
def decisions(request: HtmxHttpRequest) -> HttpResponse:
    form = forms.DecisionFilter(request.GET)
    rows = selectors.visible_decisions(actor=request.user)
    if form.is_valid():
        if answer := form.cleaned_data["allowed"]:
            rows = rows.filter(allowed=answer == "true")
        rows = narrowed(rows, form.cleaned_data, label="subject_label")
    return render(request, "governance/decisions.html", {"form": form, "page": list_page(request, rows)})


@needs(Permission.READ)
def decision(request: HtmxHttpRequest, decision_id: UUID) -> HttpResponse:
    found = get_object_or_404(selectors.visible_decisions(actor=request.user), pk=decision_id)
    context = {"decision": found, "asked": f"{words(found.transition)} this {found.kind_name}"}
    return render(request, "governance/decision.html", context)


@needs(Permission.READ)
def policies(request: HtmxHttpRequest) -> HttpResponse:
    form = forms.PolicyFilter(request.GET)
    rows = selectors.visible_policies(actor=request.user)
    if form.is_valid():
        rows = narrowed(rows, form.cleaned_data, status="status")
    context = {
        "form": form,
        "page": list_page(request, rows),
        "may_write": teams_where(request.user, Permission.EDIT).exists(),
    }
    return render(request, "governance/policies.html", context)


@needs(Permission.READ)
def policy(request: HtmxHttpRequest, version_id: UUID) -> HttpResponse:
    version = get_object_or_404(selectors.visible_policies(actor=request.user), pk=version_id)
    return render_policy(request, version)


@needs(post=Permission.EDIT)
def submit_policy(request: HtmxHttpRequest, version_id: UUID) -> HttpResponse:
    """Ask that a draft be put in force."""
    version = get_object_or_404(selectors.visible_policies(actor=request.user), pk=version_id)
    try:
        asked = services.submit_policy(actor=request.user, version=version, reason=f"Put {version} in force")
    except DomainError as error:
        return render_policy(request, version, refusal=error)
    return redirect("governance:request", asked.pk)


@needs(post=Permission.EDIT)
def replay_policy(request: HtmxHttpRequest, version_id: UUID) -> HttpResponse:
    """Ask a version what it would have answered on past decisions; answers with the panel, or with the page."""
    version = get_object_or_404(selectors.visible_policies(actor=request.user), pk=version_id)
    form = forms.ReplayForm(request.POST)
    replay, refusal = None, None
    if form.is_valid():
        try:
            replay = services.replay_policy(actor=request.user, version=version, last=form.cleaned_data["last"])
        except DomainError as error:
            refusal = error
        else:
            version.refresh_from_db()
    panel = "replay_panel" if request.htmx else ""
    return render_policy(request, version, refusal=refusal, replay=replay, replay_form=form, panel=panel)


def render_policy(
    request: HtmxHttpRequest,
    version: PolicyVersion,
    *,
    refusal: DomainError | None = None,
    replay: dict[str, Any] | None = None,
    replay_form: forms.ReplayForm | None = None,
    panel: str = "",
) -> HttpResponse:
    shown = replay or version.replay
    context = {
        "version": version,
        "refusal": refusal,
        "siblings": version.policy.versions.select_related("created_by"),
        "may_edit": has_role_on(request.user, Permission.EDIT, version.owner_team_id),
        "is_draft": version.status in SUBMIT_POLICY.sources,
        "asked_when": _asked_when(version),
        "in_force": version.policy.versions.filter(status="active").exclude(pk=version.pk).first(),
        "approvals": _approvals(version),
        "params": read_params(version.document.get("params", {})).values,
        "replay": shown,
        "replay_rows": _replay_rows(request, shown),
        "replay_form": replay_form or forms.ReplayForm(),
        "waivers": selectors.visible_waivers(actor=request.user).filter(policy_key=version.policy.key)[:WAIVERS_SHOWN],
    }
    status = 422 if refusal or (replay_form and replay_form.errors) else 200
    return render(request, f"governance/policy.html{'#' + panel if panel else ''}", context, status=status)


def _asked_when(version: PolicyVersion) -> str:
    """Say which moves of what a policy is asked about, such as "approve: model version"."""
    scope = version.document["scope"]
    kinds = [str(subject_named(kind).model._meta.verbose_name) for kind in scope["kinds"]]
    only = [f"only {', '.join(scope[name])}" for name in ("environments", "risk_tiers") if name in scope]
    return "; ".join([f"{', '.join(scope['transitions'])}: {', '.join(kinds)}", *only])


def _approvals(version: PolicyVersion) -> list[dict[str, Any]]:
    """Return the approvals that a policy always asks for, also where they are written short."""
    asked = version.document.get("approvals", [])
    return [{"role": "approver", **asked}] if isinstance(asked, dict) else asked


def _replay_rows(request: HtmxHttpRequest, replay: dict[str, Any] | None) -> dict[str, Any]:
    """Return what would change, of decisions that the reader may see, and how many there are beside them."""
    rows = (replay or {}).get("rows", [])
    seen = selectors.visible_decisions(actor=request.user).in_bulk([UUID(str(row["decision_id"])) for row in rows])
    shown = [(seen[UUID(str(row["decision_id"]))], row) for row in rows if UUID(str(row["decision_id"])) in seen]
    return {"shown": shown, "hidden": len(rows) - len(shown)}
