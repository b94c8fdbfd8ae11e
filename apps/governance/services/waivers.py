"""Waiving one rule for one object, or for a team's objects of a kind, until a date: asked for and approved."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction
from django.utils import timezone

from apps.accounts.models import Team, User
from apps.accounts.permissions import Permission
from apps.accounts.selectors import require_on_team, visible_to
from apps.core.errors import NotFoundError
from apps.core.lifecycle import Transition
from apps.governance.errors import WaiverExpiredError, WaiverInvalidError
from apps.governance.models import ApprovalRequest, PolicyVersion, Waiver
from apps.governance.models.waivers import LASTS_AT_MOST
from apps.governance.services.audit import record_event
from apps.governance.services.promotion import apply_transition
from apps.governance.services.requests import open_request
from apps.governance.states import GRANT_WAIVER, REVOKE_WAIVER, SUBMIT_WAIVER, PolicyStatus
from apps.governance.subjects import label_of, people_of, subject_named, team_of


@transaction.atomic
def save_waiver_draft(
    *,
    actor: User,
    team: Team,
    policy: str,
    rule: str,
    subject_kind: str,
    subject_id: UUID | None,
    expires_at: datetime,
    reason: str,
) -> Waiver:
    """Write down that a rule is to be waived. It has no effect before it was submitted and approved.

    Args:
        policy, rule: the ids of an active policy and of one of its rules.
        subject_id: the object; None for every object of that kind that the team owns.
        expires_at: at most 90 days from now.

    Raises:
        NotFoundError: there is no such object of the team that `actor` may see.
        WaiverInvalidError: names each field that does not fit.
    """
    require_on_team(actor, Permission.EDIT, team)
    _refuse_unfit(policy, rule, subject_kind, expires_at)
    kind = subject_named(subject_kind)
    assert kind is not None, "refused above"  # noqa: S101
    waiver = Waiver.objects.create(
        owner_team=team,
        policy_key=policy,
        rule=rule,
        subject_type=ContentType.objects.get_for_model(kind.model),
        subject_id=subject_id,
        subject_label=_label(actor, team, kind.model, subject_id),
        reason=reason,
        expires_at=expires_at,
        created_by=actor,
    )
    record_event(actor=actor, action="waiver.draft", subject=waiver, after=manifest(waiver), reason=reason)
    return waiver


@transaction.atomic
def submit_waiver(*, actor: User, waiver: Waiver) -> ApprovalRequest:
    """Ask that a drafted waiver be granted."""
    moved = apply_transition(actor=actor, subject=waiver, transition=SUBMIT_WAIVER, reason=waiver.reason)
    return open_request(actor=actor, subject=moved, transition=GRANT_WAIVER, reason=waiver.reason)


def revoke_waiver(*, actor: User, waiver: Waiver, reason: str) -> Waiver:
    """End a waiver before its time. From the next decision on the rule binds again."""
    return apply_transition(actor=actor, subject=waiver, transition=REVOKE_WAIVER, reason=reason)


def manifest(waiver: Waiver) -> dict[str, Any]:
    """Return what an approval of a waiver is for."""
    return {
        "policy": waiver.policy_key,
        "rule": waiver.rule,
        "about_kind": waiver.subject_kind,
        "about": waiver.subject_label,
        "about_id": str(waiver.subject_id) if waiver.subject_id else None,
        "expires_at": waiver.expires_at.isoformat(),
        "reason": waiver.reason,
    }


def people(waiver: Waiver) -> dict[UUID, str]:
    """Return who may not grant a waiver: who drafted it, and who made what the rule would be waived for."""
    parts = {waiver.created_by_id: "drafted"}
    if waiver.subject_id is None:
        return parts
    try:
        about = waiver.subject()
    except NotFoundError:
        return parts
    made = {person: f"{part} what is waived by" for person, part in people_of(about).items()}
    return made | parts


def refuse_expired(actor: User, waiver: Waiver, transition: Transition) -> None:  # noqa: ARG001
    """Before a move: nobody grants what is over already."""
    if transition is GRANT_WAIVER and waiver.has_expired:
        raise WaiverExpiredError(label=str(waiver))


def _refuse_unfit(policy: str, rule: str, subject_kind: str, expires_at: datetime) -> None:
    faults: dict[str, list[str]] = {}
    version = PolicyVersion.objects.filter(policy__key=policy, status=PolicyStatus.ACTIVE).first()
    if version is None:
        faults["policy"] = [f"No policy '{policy}' is in force."]
    else:
        scope = version.document["scope"]["kinds"]
        rules = [known["id"] for known in version.document["rules"]]
        if rule not in rules:
            faults["rule"] = [f"The policy '{policy}' has no rule '{rule}'; it has {', '.join(rules)}."]
        if subject_kind not in scope:
            faults["subject_kind"] = [f"The policy '{policy}' is about {', '.join(scope)}, not '{subject_kind}'."]
    if subject_named(subject_kind) is None:
        faults.setdefault("subject_kind", []).append(f"There is nothing governed called '{subject_kind}'.")
    now = timezone.now()
    if not now < expires_at <= now + LASTS_AT_MOST:
        faults["expires_at"] = [f"A waiver ends in the future, and within {LASTS_AT_MOST.days} days."]
    if faults:
        raise WaiverInvalidError(fields=faults)


def _label(actor: User, team: Team, model: type[models.Model], subject_id: UUID | None) -> str:
    if subject_id is None:
        return f"every {model._meta.verbose_name} of {team}"
    about = visible_to(actor, model._default_manager.filter(pk=subject_id)).first()
    if about is None or team_of(about) != team:
        raise NotFoundError("The team owns no such object that you may see.")
    return label_of(about)
