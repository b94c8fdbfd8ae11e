"""The lifecycles that governance keeps itself: approval requests, policy versions and waivers, as data."""

from django.db.models import TextChoices

from apps.accounts.permissions import Permission
from apps.core.lifecycle import Transition


class RequestStatus(TextChoices):
    OPEN = "open", "Open"
    EXECUTED = "executed", "Approved and done"
    REJECTED = "rejected", "Rejected"
    WITHDRAWN = "withdrawn", "Withdrawn"
    BYPASSED = "bypassed", "Bypassed in an emergency"


class Verdict(TextChoices):
    APPROVE = "approve", "Approve"
    REJECT = "reject", "Reject"


class Credential(TextChoices):
    """What somebody proved who they are with when they gave a verdict."""

    PASSWORD = "password", "Password, asked for again"  # a kind, not one
    API_KEY = "api_key", "API key"


class EmergencyVerdict(TextChoices):
    JUSTIFIED = "justified", "Justified"
    UNJUSTIFIED = "unjustified", "Not justified"


class PolicyMode(TextChoices):
    AUDIT = "audit", "Audit: record only"
    WARN = "warn", "Warn: record and show"
    ENFORCE = "enforce", "Enforce: refuse"


class PolicyStatus(TextChoices):
    DRAFT = "draft", "Draft"
    UNDER_REVIEW = "under_review", "Under review"
    ACTIVE = "active", "Active"
    RETIRED = "retired", "Retired"


SUBMIT_POLICY = Transition(
    "submit", frozenset({PolicyStatus.DRAFT}), PolicyStatus.UNDER_REVIEW, Permission.EDIT
)  # fmt: skip
ACTIVATE_POLICY = Transition(
    "approve",
    frozenset({PolicyStatus.UNDER_REVIEW}),
    PolicyStatus.ACTIVE,
    Permission.APPROVE,
    gated=True,
    by_request=True,
)
SEND_BACK_POLICY = Transition(
    "send_back", frozenset({PolicyStatus.UNDER_REVIEW}), PolicyStatus.DRAFT, Permission.READ, by_request=True
)
RETIRE_POLICY = Transition("retire", frozenset({PolicyStatus.ACTIVE}), PolicyStatus.RETIRED, Permission.APPROVE)
POLICY_TRANSITIONS = (SUBMIT_POLICY, ACTIVATE_POLICY, SEND_BACK_POLICY, RETIRE_POLICY)


class AccessStatus(TextChoices):
    ASKED = "asked", "Asked"
    GRANTED = "granted", "Granted"
    CLOSED = "closed", "Not granted"


GRANT_ACCESS = Transition(
    "grant", frozenset({AccessStatus.ASKED}), AccessStatus.GRANTED, Permission.APPROVE, gated=True, by_request=True
)
CLOSE_ACCESS = Transition(
    "send_back", frozenset({AccessStatus.ASKED}), AccessStatus.CLOSED, Permission.APPROVE, by_request=True
)
ACCESS_TRANSITIONS = (GRANT_ACCESS, CLOSE_ACCESS)


class WaiverStatus(TextChoices):
    DRAFT = "draft", "Draft"
    UNDER_REVIEW = "under_review", "Under review"
    ACTIVE = "active", "Active"
    REVOKED = "revoked", "Revoked"


SUBMIT_WAIVER = Transition("submit", frozenset({WaiverStatus.DRAFT}), WaiverStatus.UNDER_REVIEW, Permission.EDIT)
GRANT_WAIVER = Transition(
    "approve",
    frozenset({WaiverStatus.UNDER_REVIEW}),
    WaiverStatus.ACTIVE,
    Permission.APPROVE,
    gated=True,
    by_request=True,
)
SEND_BACK_WAIVER = Transition(
    "send_back", frozenset({WaiverStatus.UNDER_REVIEW}), WaiverStatus.DRAFT, Permission.READ, by_request=True
)
REVOKE_WAIVER = Transition("revoke", frozenset({WaiverStatus.ACTIVE}), WaiverStatus.REVOKED, Permission.APPROVE)
WAIVER_TRANSITIONS = (SUBMIT_WAIVER, GRANT_WAIVER, SEND_BACK_WAIVER, REVOKE_WAIVER)


class ChangeStatus(TextChoices):
    """Of a change that is decided on as an object; see `services.changes`."""

    PROPOSED = "proposed", "Waits for approval"
    MADE = "made", "Made"
    CLOSED = "closed", "Not made"


def change_moves(name: str, permission: str) -> tuple[Transition, Transition]:
    """Return the two moves of a change: `name` makes it, and who proposed or rejects it closes it."""
    proposed = frozenset({str(ChangeStatus.PROPOSED)})
    make = Transition(name, proposed, ChangeStatus.MADE, permission, gated=True)
    return make, Transition("send_back", proposed, ChangeStatus.CLOSED, Permission.READ, by_request=True)


class DeliveryStatus(TextChoices):
    """Of a message on its way out: to a webhook, or to a person by email."""

    PENDING = "pending", "Waiting"
    DELIVERED = "delivered", "Delivered"
    FAILED = "failed", "Given up"


class WebhookStatus(TextChoices):
    ACTIVE = "active", "Active"
    FAILING = "failing", "Failing"
    DISABLED = "disabled", "Switched off"
