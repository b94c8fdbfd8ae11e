"""One attempt to deliver: what is sent, and what the answer means."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from django.utils import timezone

from apps.core.numbers import whole_number
from apps.governance.models import WebhookDelivery
from apps.integrations import egress
from apps.integrations.egress.signing import signed_headers

TIMEOUT_S = 10.0  # a receiver that needs longer should answer first and work afterwards
EXCERPT_CHARACTERS = 500
RETRY_AFTER_MOST_S = 3600
BUSY, GONE = 429, 410


class Verdict(Enum):
    """What an answer says: of this message, and of the server."""

    ACCEPTED = "it has the message"
    REFUSED = "it does not take this message"
    DOWN = "it is not there, or cannot cope"
    GONE = "it wants nothing any more"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an attempt ended. `trouble` is a sentence for the subscription's owner, empty when there is none."""

    verdict: Verdict
    trouble: str = ""
    status: int | None = None
    excerpt: str = ""
    duration_ms: int | None = None
    retry_after_s: int = 0


def attempt(url: str, delivery: WebhookDelivery, secrets: Sequence[str]) -> Outcome:
    """Send a delivery once, signed with each of the secrets. Its id is the same every time."""
    body = delivery.body.encode()
    headers = signed_headers(str(delivery.pk), at=timezone.now(), body=body, secrets=secrets)
    try:
        answer = egress.post(
            url, body=body, headers={"Content-Type": "application/json", **headers}, timeout_s=TIMEOUT_S
        )
    except (egress.EgressRefusedError, egress.EgressUnavailableError) as error:
        return Outcome(verdict=Verdict.DOWN, trouble=str(error))
    return judged(answer)


def judged(answer: egress.Answer) -> Outcome:
    """Return what an answer means for the message and for the server."""
    verdict, trouble = _verdict(answer)
    return Outcome(
        verdict=verdict,
        trouble=trouble,
        status=answer.status,
        excerpt=answer.text[:EXCERPT_CHARACTERS],
        duration_ms=answer.duration_ms,
        retry_after_s=whole_number(answer.headers.get("retry-after", ""), most=RETRY_AFTER_MOST_S) or 0,
    )


def _verdict(answer: egress.Answer) -> tuple[Verdict, str]:
    status = answer.status
    if 200 <= status < 300:
        return Verdict.ACCEPTED, ""
    if 300 <= status < 400:
        return Verdict.REFUSED, f"It answered {status}. Redirects are not followed: give the address they lead to."
    if status == GONE:
        return Verdict.GONE, "It answered 410: it wants no more messages."
    if status == BUSY or status >= 500:
        return Verdict.DOWN, f"It answered {status}."
    return Verdict.REFUSED, f"It answered {status}."
