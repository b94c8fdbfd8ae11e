"""The page on which policies are written: it says with every pause what is to be said of the document."""

import json
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from apps.accounts.models import Team
from apps.accounts.permissions import Permission
from apps.accounts.selectors import require, require_somewhere, teams_where
from apps.core.errors import DomainError
from apps.core.web.pages import needs
from apps.core.web.requests import HtmxHttpRequest
from apps.governance import selectors, services
from apps.governance.models import PolicyVersion
from apps.governance.reference import facts_by_kind
from apps.governance.web.forms import PolicyForm, TryForm

TEMPLATE = """\
id: my-policy
title: What must hold, in a sentence
scope:
  kinds: [modelversion]
  transitions: [approve]
rules:
  - id: licence_stated
    expression: subject.license != ""
    message: The model's licence is not stated.
    mend: Set `license` to its SPDX identifier.
mode: audit
tests:
  - name: a stated licence passes
    facts: {subject: {license: Apache-2.0}}
    denies: []
  - name: an empty one does not
    facts: {subject: {license: ""}}
    denies: [licence_stated]
"""


@needs(Permission.EDIT, post=Permission.EDIT)
def new_policy(request: HtmxHttpRequest) -> HttpResponse:
    """Write a policy from a small one that works; posting saves it as the first draft."""
    require_somewhere(request.user, Permission.EDIT)
    return _edited(request, None)


@needs(Permission.EDIT, post=Permission.EDIT)
def edit_policy(request: HtmxHttpRequest, version_id: UUID) -> HttpResponse:
    """Change a policy's document; posting saves it as the next draft. The version itself stays as it is."""
    found = get_object_or_404(selectors.visible_policies(actor=request.user), pk=version_id)
    require(request.user, Permission.EDIT, found)
    return _edited(request, found)


@needs(post=Permission.EDIT)
def check_policy(request: HtmxHttpRequest) -> HttpResponse:
    """What the editor asks for with every pause: faults, tests, coverage, and what the rules answer on the facts."""
    context = _check(request, request.POST.get("source", ""), request.POST.get("facts", ""))
    return render(request, "governance/policy_editor.html#check", context)


def _edited(request: HtmxHttpRequest, version: PolicyVersion | None) -> HttpResponse:
    teams = teams_where(request.user, Permission.EDIT)
    source = version.source if version else TEMPLATE
    owner = version.owner_team if version else teams.first()
    form = PolicyForm(request.POST or None, initial={"source": source, "owner_team": owner}, teams=teams)
    if version is not None:
        del form.fields["owner_team"]
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        team: Team = version.owner_team if version else form.cleaned_data["owner_team"]
        try:
            saved = services.save_policy_draft(actor=request.user, team=team, source=form.cleaned_data["source"])
        except DomainError as error:
            refusal = error
        else:
            return redirect("governance:policy", saved.pk)
    written = form["source"].value() or ""
    facts = request.POST.get("facts") or _facts_to_try(request, written)
    context = {
        "version": version,
        "form": form,
        "try_form": TryForm(initial={"facts": facts}),
        "refusal": refusal,
        "kinds": facts_by_kind(),
        "scope": services.scope_of(written),
        "may_edit": teams.exists(),
        **(_check(request, written, facts) if teams.exists() else {}),
    }
    return render(request, "governance/policy_editor.html", context, status=422 if refusal or form.errors else 200)


def _check(request: HtmxHttpRequest, source: str, facts: str) -> dict[str, Any]:
    """Return what the part of the page shows that is asked for again."""
    given, unreadable = _read_facts(facts)
    try:
        check = services.check_policy(actor=request.user, source=source, facts=given)
    except DomainError as error:
        return {"check_refusal": error}
    return {"check": check, "unreadable": unreadable}


def _read_facts(text: str) -> tuple[dict[str, Any] | None, str]:
    """Return facts that a person typed, or why they cannot be read."""
    if not text.strip():
        return None, ""
    if len(text) > TryForm.FACTS_MAX:
        return None, f"The facts have {len(text):,} characters; {TryForm.FACTS_MAX:,} are allowed."
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as error:
        return None, f"The facts are not JSON: {error}."
    if not isinstance(given, dict):
        return None, "The facts are a map from names to values."
    return given, ""


def _facts_to_try(request: HtmxHttpRequest, source: str) -> str:
    """Return the facts of the newest decision in scope that the reader may see; the examples where there is none."""
    scope = services.scope_of(source)
    if scope is None:
        return ""
    seen = selectors.visible_decisions(actor=request.user)
    decision = seen.filter(subject_type__model__in=scope.kinds, transition__in=scope.transitions).first()
    if decision is not None:
        return json.dumps(decision.facts, indent=2, ensure_ascii=False)
    examples = {kind.kind: kind.example for kind in facts_by_kind()}
    return json.dumps(examples.get(scope.kinds[0], {}), indent=2, ensure_ascii=False)
