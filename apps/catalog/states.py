"""The lifecycle of a model version: its statuses and the moves between them, as data."""

from django.db.models import TextChoices

from apps.accounts.permissions import Permission
from apps.core.lifecycle import Transition


class ModelStatus(TextChoices):
    DRAFT = "draft", "Draft"
    UNDER_REVIEW = "under_review", "Under review"
    APPROVED = "approved", "Approved"
    DEPRECATED = "deprecated", "Deprecated"


S = ModelStatus
SUBMIT = Transition("submit", frozenset({S.DRAFT}), S.UNDER_REVIEW, Permission.EDIT)
APPROVE = Transition(
    "approve", frozenset({S.UNDER_REVIEW}), S.APPROVED, Permission.APPROVE, gated=True, by_request=True
)
SEND_BACK = Transition("send_back", frozenset({S.UNDER_REVIEW}), S.DRAFT, Permission.EDIT, by_request=True)
DEPRECATE = Transition("deprecate", frozenset({S.APPROVED}), S.DEPRECATED, Permission.MANAGE)
TRANSITIONS = (SUBMIT, APPROVE, SEND_BACK, DEPRECATE)
