"""The lifecycles that governance keeps itself: approval requests and policy versions, as data."""

from django.db.models import TextChoices

from apps.accounts.permissions import Permission
from apps.core.lifecycle import Transition


class RequestStatus(TextChoices):
    OPEN = "open", "Open"
    EXECUTED = "executed", "Approved and done"
    REJECTED = "rejected", "Rejected"
    WITHDRAWN = "withdrawn", "Withdrawn"


class Verdict(TextChoices):
    APPROVE = "approve", "Approve"
    REJECT = "reject", "Reject"


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


class DeliveryStatus(TextChoices):
    """Of a message on its way out: to a webhook, or to a person by email."""

    PENDING = "pending", "Waiting"
    DELIVERED = "delivered", "Delivered"
    FAILED = "failed", "Given up"


class WebhookStatus(TextChoices):
    ACTIVE = "active", "Active"
    FAILING = "failing", "Failing"
    DISABLED = "disabled", "Switched off"
