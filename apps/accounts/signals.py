"""What accounts announces. Governance listens and writes the audit event in the same transaction."""

from typing import Any

from django.db import models
from django.dispatch import Signal

from apps.accounts.models import User

# Sent with: actor, action ("scope.verb"), subject (a model instance), before, after (dicts or None), and reason.
account_changed = Signal()


def announce(
    *,
    actor: User,
    action: str,
    subject: models.Model,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str = "",
) -> None:
    """Say what has just changed. Call it inside the transaction of the change."""
    account_changed.send(
        sender=type(subject), actor=actor, action=action, subject=subject, before=before, after=after, reason=reason
    )
