"""Pages of policies, and of what they decided."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from apps.accounts.permissions import Permission
from apps.accounts.selectors import has_role_on
from apps.core.errors import DomainError
from apps.core.web.lists import list_page
from apps.core.web.requests import HtmxHttpRequest
from apps.core.web.tones import words
from apps.governance import selectors, services
from apps.governance.models import PolicyVersion
from apps.governance.states import SUBMIT_POLICY
from apps.governance.subjects import subject_named
from apps.governance.web import forms
from apps.governance.web.lists import narrowed


@login_required
def decisions(request: HtmxHttpRequest) -> HttpResponse:
    form = forms.DecisionFilter(request.GET)
    rows = selectors.visible_decisions(actor=request.user)
    if form.is_valid():
        if answer := form.cleaned_data["allowed"]:
            rows = rows.filter(allowed=answer == "true")
        rows = narrowed(rows, form.cleaned_data, label="subject_label")
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
        rows = narrowed(rows, form.cleaned_data, status="status")
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
