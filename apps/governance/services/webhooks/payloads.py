"""What a webhook is sent of an audit event. The same event gives the same bytes to everybody."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.contenttypes.models import ContentType

from apps.governance.models import AuditEvent
from apps.governance.subjects import subject_named

BODY_MAX_BYTES = 64 * 1024
PING = "webhook.ping"


def bodies_of(events: Iterable[AuditEvent]) -> dict[UUID, str]:
    """Return the body of each event, by the event's id."""
    known = list(events)
    pages = _pages_of(known)
    return {event.pk: _body_of(event, pages.get((event.subject_type_id, event.subject_id), "")) for event in known}


def ping_body(*, at: datetime, webhook: str) -> str:
    """Return the body of a test message."""
    return _written(PING, at, {"message": f"This is a test of the webhook '{webhook}'."})


def _body_of(event: AuditEvent, page: str) -> str:
    data = {
        "event_id": str(event.pk),
        "digest": event.digest,
        "team": event.team.slug if event.team else None,
        "actor": {"username": event.actor.username, "name": event.actor_label},
        "subject": {
            "kind": event.subject_kind,
            "id": str(event.subject_id),
            "label": event.subject_label,
            "page": page,
        },
        "before": event.before,
        "after": event.after,
        "reason": event.reason,
        "request_id": event.request_id,
    }
    body = _written(event.action, event.at, data)
    if len(body.encode()) > BODY_MAX_BYTES:
        # Receivers refuse what is large; the whole event can be had by its id.
        cut = {"before": None, "after": None, "reason": event.reason[:1000], "is_shortened": True}
        body = _written(event.action, event.at, {**data, **cut})
    return body


def _written(kind: str, at: datetime, data: dict[str, Any]) -> str:
    return json.dumps({"type": kind, "timestamp": at.isoformat(), "data": data}, ensure_ascii=False)


def _pages_of(events: list[AuditEvent]) -> dict[tuple[int, UUID], str]:
    """Return the address of each subject's page, one query for each kind; of what is gone or has none, nothing."""
    ids: dict[ContentType, set[UUID]] = {}
    for event in events:
        ids.setdefault(event.subject_type, set()).add(event.subject_id)
    pages: dict[tuple[int, UUID], str] = {}
    for kind, wanted in ids.items():
        model = kind.model_class()
        registered = subject_named(kind.model)
        if model is None or (registered is None and not hasattr(model, "get_absolute_url")):
            continue
        for pk, instance in model._default_manager.in_bulk(wanted).items():
            path = registered.page(instance) if registered else instance.get_absolute_url()  # type: ignore[attr-defined]
            pages[kind.pk, pk] = settings.PUBLIC_URL + path
    return pages
