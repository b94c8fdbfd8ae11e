"""Recording what happened, in the transaction in which it happens."""

from typing import Any
from uuid import UUID

from django.contrib.contenttypes.models import ContentType
from django.db import connection, models
from django.utils import timezone

from apps.accounts.models import User
from apps.core.canonical import canonical_bytes, sha256_digest
from apps.core.masking import masked
from apps.core.requests import current_request_id
from apps.governance.models import AuditEvent
from apps.governance.subjects import label_of, project_of, subject_of, team_of


def record_event(
    *,
    actor: User,
    action: str,
    subject: models.Model,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str = "",
    on_behalf_of: User | None = None,
) -> AuditEvent:
    """Write the audit event of a state change. Call it inside the transaction of the change.

    Args:
        action: "scope.verb", such as "modelversion.approve".
        before, after: what changed, as JSON; what is named like a secret is masked.
        on_behalf_of: whose right the actor used, such as of somebody who delegated it.
    """
    assert connection.in_atomic_block, "an audit event belongs to the transaction of its change"  # noqa: S101
    team = team_of(subject)
    event = AuditEvent(
        at=timezone.now(),
        actor=actor,
        actor_label=actor.label,
        action=action,
        subject_type=ContentType.objects.get_for_model(subject),
        subject_id=subject.pk,
        subject_label=label_of(subject),
        team=team,
        project=project_of(subject),
        before=masked(before),
        after=masked(after),
        reason=reason,
        request_id=current_request_id(),
        on_behalf_of=on_behalf_of,
    )
    content = canonical_bytes(event_document(event))
    event.canonical, event.digest = content.decode(), sha256_digest(content)
    event.save(force_insert=True)
    return event


def editors_of(subject: models.Model) -> dict[UUID, str]:
    """Return who ever edited `subject`, by user id, with the part each had: the trail knows what the row forgot."""
    parts = {f"{subject._meta.model_name}.{verb}": part for verb, part in subject_of(subject).edits.items()}
    done = AuditEvent.objects.filter(
        subject_type=ContentType.objects.get_for_model(subject), subject_id=subject.pk, action__in=parts
    )
    return {actor: parts[action] for actor, action in done.order_by("id").values_list("actor_id", "action")}


def event_document(event: AuditEvent) -> dict[str, Any]:
    """Return the event as the JSON whose canonical bytes are kept, digested and sealed."""
    return {
        "id": str(event.pk),
        "at": event.at.isoformat(),
        "actor": str(event.actor_id),
        "actor_label": event.actor_label,
        "action": event.action,
        "subject": f"{event.subject_type.model}/{event.subject_id}",
        "subject_label": event.subject_label,
        "team": str(event.team_id) if event.team_id else None,
        "before": event.before,
        "after": event.after,
        "reason": event.reason,
        "request_id": event.request_id,
        "on_behalf_of": str(event.on_behalf_of_id) if event.on_behalf_of_id else None,
    }
