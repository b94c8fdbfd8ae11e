"""What accounts announces becomes an audit event, in the same transaction."""

from typing import Any

from django.db import models

from apps.accounts.models import User
from apps.governance.services.audit import record_event


def record_account_change(
    *,
    actor: User,
    action: str,
    subject: models.Model,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
    reason: str = "",
    **_: object,
) -> None:
    record_event(actor=actor, action=action, subject=subject, before=before, after=after, reason=reason)
