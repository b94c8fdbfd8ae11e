"""The lifecycle of a dataset version, as data; the same moves as a model's."""

from django.db.models import TextChoices

from apps.accounts.permissions import Permission
from apps.core.lifecycle import Transition


class DatasetStatus(TextChoices):
    DRAFT = "draft", "Draft"
    UNDER_REVIEW = "under_review", "Under review"
    APPROVED = "approved", "Approved"
    DEPRECATED = "deprecated", "Deprecated"


class PiiStatus(TextChoices):
    UNKNOWN = "unknown", "Not scanned"
    CLEAN = "clean", "None found"
    DETECTED = "detected", "Found"


S = DatasetStatus
SUBMIT = Transition("submit", frozenset({S.DRAFT}), S.UNDER_REVIEW, Permission.EDIT)
APPROVE = Transition(
    "approve", frozenset({S.UNDER_REVIEW}), S.APPROVED, Permission.APPROVE, gated=True, by_request=True
)
SEND_BACK = Transition("send_back", frozenset({S.UNDER_REVIEW}), S.DRAFT, Permission.EDIT, by_request=True)
DEPRECATE = Transition("deprecate", frozenset({S.APPROVED}), S.DEPRECATED, Permission.MANAGE)
TRANSITIONS = (SUBMIT, APPROVE, SEND_BACK, DEPRECATE)
