"""Writing policies."""

from typing import Any

from django.db import transaction
from django.db.models import Max

from apps.accounts.models import Team, User
from apps.accounts.permissions import Permission
from apps.accounts.selectors import require, require_on_team
from apps.core.lifecycle import Transition
from apps.governance.documents import PolicyDocument, parse_policy, starter_policies
from apps.governance.models import ApprovalRequest, Policy, PolicyVersion
from apps.governance.policy_tests import check_tests
from apps.governance.services.audit import record_event
from apps.governance.services.promotion import apply_transition
from apps.governance.services.replay import refuse_unreplayed
from apps.governance.services.requests import open_request
from apps.governance.states import ACTIVATE_POLICY, SUBMIT_POLICY, PolicyStatus


@transaction.atomic
def save_policy_draft(*, actor: User, team: Team, source: str) -> PolicyVersion:
    """Save a policy document as a new draft version; its tests must pass.

    The document's `id` names the policy; a new one belongs to `team`.

    Raises:
        PolicyInvalidError, PolicyTestsFailError: see `documents`.
    """
    document = parse_policy(source)
    check_tests(document)
    policy = Policy.objects.select_for_update().filter(key=document.id).first()
    if policy is None:
        require_on_team(actor, Permission.EDIT, team)
        policy = Policy.objects.create(key=document.id, title=document.title, owner_team=team)
    else:
        require(actor, Permission.EDIT, policy)
    version = _add_version(actor, policy, document, source, status=PolicyStatus.DRAFT)
    record_event(
        actor=actor,
        action="policyversion.draft",
        subject=version,
        after={"number": version.number, "digest": version.digest},
    )
    return version


@transaction.atomic
def submit_policy(*, actor: User, version: PolicyVersion, reason: str) -> ApprovalRequest:
    """Ask that a draft be put in force."""
    moved = apply_transition(actor=actor, subject=version, transition=SUBMIT_POLICY, reason=reason)
    return open_request(actor=actor, subject=moved, transition=ACTIVATE_POLICY, reason=reason)


def run_policy_tests(*, version: PolicyVersion) -> dict[str, Any]:
    """Run the tests of a policy version and return how many ran.

    Raises:
        PolicyTestsFailError: one fails.
    """
    document = parse_policy(version.source)
    check_tests(document)
    return {"tests": len(document.raw["tests"]), "rules": [rule.id for rule in document.rules]}


@transaction.atomic
def activate_starter_policies(*, actor: User, team: Team) -> list[PolicyVersion]:
    """Put the policies that the portal ships in force, for those whose `id` is not known yet."""
    made = []
    for source in starter_policies():
        document = parse_policy(source)
        check_tests(document)
        policy, is_new = Policy.objects.get_or_create(
            key=document.id, defaults={"title": document.title, "owner_team": team}
        )
        if is_new:
            version = _add_version(actor, policy, document, source, status=PolicyStatus.ACTIVE)
            record_event(
                actor=actor,
                action="policyversion.ship",
                subject=version,
                after={"status": "active", "digest": version.digest},
            )
            made.append(version)
    return made


def before_policy_move(actor: User, version: PolicyVersion, transition: Transition) -> None:
    """What must hold or change with a move of a policy version, in the same transaction."""
    refuse_unreplayed(actor, version, transition)
    replace_active_version(actor, version, transition)


def replace_active_version(actor: User, version: PolicyVersion, transition: Transition) -> None:
    """Retire the version in force, in the transaction that puts `version` in force."""
    if transition.target != PolicyStatus.ACTIVE:
        return
    for old in PolicyVersion.objects.select_for_update().filter(policy=version.policy, status=PolicyStatus.ACTIVE):
        old.status = PolicyStatus.RETIRED
        old.save(update_fields=["status"])
        record_event(
            actor=actor,
            action="policyversion.retire",
            subject=old,
            before={"status": "active"},
            after={"status": "retired"},
            reason=f"Replaced by version {version.number}.",
        )


def _add_version(
    actor: User, policy: Policy, document: PolicyDocument, source: str, *, status: PolicyStatus
) -> PolicyVersion:
    last = policy.versions.aggregate(last=Max("number"))["last"] or 0
    return PolicyVersion.objects.create(
        policy=policy,
        owner_team=policy.owner_team,
        number=last + 1,
        source=source,
        document=dict(document.raw),
        digest=document.digest,
        mode=document.mode,
        status=status,
        created_by=actor,
    )
