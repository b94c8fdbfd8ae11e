"""`Idempotency-Key`: the same key and body within a day give the first answer again."""

import functools
import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.api.renderer import message_of, with_message
from apps.core.doors import note_answered_before
from apps.core.errors import ConflictError, DomainError, InvalidInputError
from apps.core.models import IdempotentAnswer

KEPT_FOR = timedelta(hours=24)
Handler = Callable[..., Response]


class IdempotencyKeyReusedError(ConflictError):
    code = "core.idempotency_key_reused"
    message = "This Idempotency-Key was used for another request. Use a new key for a new request."


def idempotent(handler: Handler) -> Handler:
    """Make a POST handler of an API view answer once per `Idempotency-Key`.

    The key is recorded in the transaction of the work itself: a crash leaves neither, and a second request with the
    key waits for the first one's commit and then gets its answer. A refusal is not kept, so the caller can mend the
    request and use the key again.
    """

    @functools.wraps(handler)
    def wrapped(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get("Idempotency-Key", "")
        if not key:
            return handler(view, request, *args, **kwargs)
        if len(key) > 255:
            raise InvalidInputError("Idempotency-Key is longer than 255 characters. Use a UUID.")
        fingerprint = _fingerprint(request)
        refusal: DomainError | None = None
        with transaction.atomic():
            answer, is_new = _claim(actor_id=str(request.user.pk), key=key, fingerprint=fingerprint)
            if not is_new:
                return _replay(answer, fingerprint)
            try:
                response = handler(view, request, *args, **kwargs)
            except DomainError as error:
                # The service has rolled back its own work; what it meant to keep of a refusal (a decision) commits.
                refusal = error
                answer.delete()
            else:
                answer.data, answer.message = response.data, message_of(response)
                answer.save(update_fields=["data", "message"])
        if refusal is not None:
            raise refusal
        return response

    wrapped.is_idempotent = True  # type: ignore[attr-defined]  # read by the contract test of all POST routes
    return wrapped


def forget_old_answers() -> int:
    """Delete answers older than a day; return how many."""
    return IdempotentAnswer.objects.filter(created_at__lt=timezone.now() - KEPT_FOR).delete()[0]


def _claim(*, actor_id: str, key: str, fingerprint: str) -> tuple[IdempotentAnswer, bool]:
    IdempotentAnswer.objects.filter(actor_id=actor_id, key=key, created_at__lt=timezone.now() - KEPT_FOR).delete()
    try:
        with transaction.atomic():
            return IdempotentAnswer.objects.create(actor_id=actor_id, key=key, fingerprint=fingerprint), True
    except IntegrityError:
        return IdempotentAnswer.objects.get(actor_id=actor_id, key=key), False


def _replay(answer: IdempotentAnswer, fingerprint: str) -> Response:
    if answer.fingerprint != fingerprint:
        raise IdempotencyKeyReusedError
    note_answered_before()
    return with_message(Response(answer.data, headers={"Idempotent-Replayed": "true"}), answer.message)


def _fingerprint(request: Request) -> str:
    body: bytes = request._request.body  # noqa: SLF001  # DRF offers no public way to the raw bytes
    return hashlib.sha256(f"{request.method} {request.path}\n".encode() + body).hexdigest()
