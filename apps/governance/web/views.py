"""Pages of governance: approvals, decisions, policies, the audit trail."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from apps.accounts.permissions import Permission
from apps.accounts.selectors import has_role_on, people_with
from apps.core.errors import DomainError
from apps.core.web.lists import list_page
from apps.core.web.requests import HtmxHttpRequest
from apps.core.web.tones import Look, words
from apps.governance import selectors, services
from apps.governance.models import ApprovalRequest, PolicyVersion
from apps.governance.states import SUBMIT_POLICY, Verdict
from apps.governance.subjects import subject_named, subject_of
from apps.governance.web import forms

VERDICT_LOOKS: dict[str, Look] = {Verdict.APPROVE: Look("ok", "badge-check"), Verdict.REJECT: Look("bad", "circle-x")}


@login_required
def approvals(request: HtmxHttpRequest) -> HttpResponse:
    """All approval requests that may be seen, with those that wait for the reader first in the inbox."""
    form = forms.RequestFilter(request.GET)
    rows = selectors.visible_requests(actor=request.user)
    if form.is_valid():
        rows = _narrowed(rows, form.cleaned_data, label="subject_label", status="status")
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
    may_decide = asked.is_open and has_role_on(request.user, Permission.APPROVE, asked.owner_team_id)
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
        "could_approve": people_with(Permission.APPROVE, asked.owner_team_id).exclude(pk__in=parts),
        "form": form,
        "refusal": refusal,
    }
    status = 422 if refusal or form.errors else 200
    return render(request, f"governance/approval.html{'#' + panel if panel else ''}", context, status=status)


@login_required
def decisions(request: HtmxHttpRequest) -> HttpResponse:
    form = forms.DecisionFilter(request.GET)
    rows = selectors.visible_decisions(actor=request.user)
    if form.is_valid():
        if answer := form.cleaned_data["allowed"]:
            rows = rows.filter(allowed=answer == "true")
        rows = _narrowed(rows, form.cleaned_data, label="subject_label")
    return render(request, "governance/decisions.html", {"form": form, "page": list_page(request, rows)})


@login_required
def decision(request: HtmxHttpRequest, decision_id: UUID) -> HttpResponse:
    found = get_object_or_404(selectors.visible_decisions(actor=request.user), pk=decision_id)
    context = {"decision": found, "asked": f"{words(found.transition)} this {found.kind_name}"}
    return render(request, "governance/decision.html", context)


@login_required
def policies(request: HtmxHttpRequest) -> HttpResponse:
    form = forms.PolicyFilter(request.GET)
    rows = selectors.visible_policies(actor=request.user)
    if form.is_valid():
        rows = _narrowed(rows, form.cleaned_data, status="status")
    return render(request, "governance/policies.html", {"form": form, "page": list_page(request, rows)})


@login_required
def policy(request: HtmxHttpRequest, version_id: UUID) -> HttpResponse:
    """A policy version; posting saves the changed document as the policy's next draft."""
    version = get_object_or_404(selectors.visible_policies(actor=request.user), pk=version_id)
    form = forms.PolicyForm(request.POST or None, initial={"source": version.source})
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            saved = services.save_policy_draft(
                actor=request.user, team=version.owner_team, source=form.cleaned_data["source"]
            )
        except DomainError as error:
            refusal = error
        else:
            return redirect("governance:policy", saved.pk)
    return render_policy(request, version, form, refusal=refusal)


@login_required
@require_POST
def submit_policy(request: HtmxHttpRequest, version_id: UUID) -> HttpResponse:
    """Ask that a draft be put in force."""
    version = get_object_or_404(selectors.visible_policies(actor=request.user), pk=version_id)
    try:
        asked = services.submit_policy(actor=request.user, version=version, reason=f"Put {version} in force")
    except DomainError as error:
        return render_policy(request, version, forms.PolicyForm(initial={"source": version.source}), refusal=error)
    return redirect("governance:request", asked.pk)


def render_policy(
    request: HtmxHttpRequest, version: PolicyVersion, form: forms.PolicyForm, *, refusal: DomainError | None
) -> HttpResponse:
    context = {
        "version": version,
        "form": form,
        "refusal": refusal,
        "siblings": version.policy.versions.select_related("created_by"),
        "may_edit": has_role_on(request.user, Permission.EDIT, version.owner_team_id),
        "is_draft": version.status in SUBMIT_POLICY.sources,
        "asked_when": _asked_when(version),
        "in_force": version.policy.versions.filter(status="active").exclude(pk=version.pk).first(),
    }
    return render(request, "governance/policy.html", context, status=422 if refusal or form.errors else 200)


def _asked_when(version: PolicyVersion) -> str:
    """Say which moves of what a policy is asked about, such as "approve: model version"."""
    scope = version.document["scope"]
    kinds = [str(subject_named(kind).model._meta.verbose_name) for kind in scope["kinds"]]
    return f"{', '.join(scope['transitions'])}: {', '.join(kinds)}"


@login_required
def audit(request: HtmxHttpRequest) -> HttpResponse:
    form = forms.AuditFilter(request.GET)
    rows = selectors.visible_events(actor=request.user)
    if form.is_valid():
        asked = form.cleaned_data
        if asked["action"]:
            rows = rows.filter(action__startswith=asked["action"])
        if asked["actor"]:
            rows = rows.filter(actor_label__icontains=asked["actor"])
        rows = _narrowed(rows, asked, label="subject_label")
    return render(request, "governance/audit.html", {"form": form, "page": list_page(request, rows)})


def _narrowed(rows: QuerySet[Any], asked: dict[str, Any], *, label: str = "", status: str = "") -> QuerySet[Any]:
    if label and asked.get("q"):
        rows = rows.filter(**{f"{label}__icontains": asked["q"]})
    if status and asked.get("status"):
        rows = rows.filter(**{status: asked["status"]})
    return rows
