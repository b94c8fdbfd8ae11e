"""Recording what happened, in the transaction in which it happens."""

from typing import Any
from uuid import UUID

import structlog
from django.contrib.contenttypes.models import ContentType
from django.db import DatabaseError, connection, models, transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.core.canonical import canonical_bytes, sha256_digest
from apps.core.db import PreparedInsert
from apps.core.ids import new_id
from apps.core.masking import masked
from apps.core.requests import current_request_id
from apps.governance.errors import ReadNotRecordedError
from apps.governance.models import AuditEvent
from apps.governance.subjects import label_of, project_of, subject_of, team_of

MADE = ("canonical", "digest")  # from the others
FIELDS = [field.attname for field in AuditEvent._meta.concrete_fields if field.attname not in (*MADE, "tx")]
INSERT = PreparedInsert(AuditEvent, without=["tx"])

log = structlog.get_logger(__name__)


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
    event = _event(
        actor=actor,
        action=action,
        subject=subject,
        before=masked(before),
        after=masked(after),
        reason=reason,
        on_behalf_of=on_behalf_of,
    )
    INSERT.run(event)
    return event


def record_read(*, actor: User, subject: models.Model, what: str) -> None:
    """Record that `actor` is about to be shown something sensitive of `subject`: once in each hour in which it happens.

    Call it before it is shown. It costs one statement and never harms the caller's transaction.

    Args:
        what: is shown, as a word of the action: "content" makes "requestevent.read_content".

    Raises:
        ReadNotRecordedError: the database does not take the event; nothing sensitive is shown then.
    """
    event = _event(actor=actor, action=f"{subject._meta.model_name}.read_{what}", subject=subject)
    try:
        with transaction.atomic():
            # The second read of an hour meets the constraint `one_read_in_an_hour`, also when both come at once.
            INSERT.run(event, once=True)
    except DatabaseError as error:
        log.error("audit.read_not_recorded", action=event.action, subject=str(event.subject_id), error=str(error))  # noqa: TRY400 - a refusal, not a bug
        raise ReadNotRecordedError from error


def editors_of(subject: models.Model) -> dict[UUID, str]:
    """Return who ever edited `subject`, by user id, with the part each had: the trail knows what the row forgot."""
    parts = {f"{subject._meta.model_name}.{verb}": part for verb, part in subject_of(subject).edits.items()}
    done = AuditEvent.objects.filter(
        subject_type=ContentType.objects.get_for_model(subject), subject_id=subject.pk, action__in=parts
    )
    return {actor: parts[action] for actor, action in done.order_by("id").values_list("actor_id", "action")}


def _event(
    *,
    actor: User,
    action: str,
    subject: models.Model,
    before: Any = None,
    after: Any = None,
    reason: str = "",
    on_behalf_of: User | None = None,
) -> AuditEvent:
    kind, team, project = ContentType.objects.get_for_model(subject), team_of(subject), project_of(subject)
    given = {
        "id": new_id(),
        "at": timezone.now(),
        "actor_id": actor.pk,
        "actor_label": actor.label,
        "action": action,
        "subject_type_id": kind.pk,
        # By name: of a table in parts the key is more than the id.
        "subject_id": subject.id,  # type: ignore[attr-defined]  # every governed model has one
        "subject_label": label_of(subject),
        "team_id": team.pk if team else None,
        "project_id": project.pk if project else None,
        "before": before,
        "after": after,
        "reason": reason,
        "request_id": current_request_id(),
        "on_behalf_of_id": on_behalf_of.pk if on_behalf_of else None,
    }
    event = AuditEvent.from_db(connection.alias, FIELDS, [given[name] for name in FIELDS])
    event._state.fields_cache |= {
        "actor": actor,
        "subject_type": kind,
        "team": team,
        "project": project,
        "on_behalf_of": on_behalf_of,
    }
    content = canonical_bytes(event.document())
    event.canonical, event.digest = content.decode(), sha256_digest(content)
    return event
