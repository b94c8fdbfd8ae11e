"""What is written down of one call: the columns of `telemetry.RequestEvent`, and the names that operators' tools read.

`ts`, `event`, `provider`, `success` and `interaction_id` stand in the line beside the columns, so that a spool file can
be read with nothing but a text tool.
"""

import time
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from apps.core.errors import DomainError, UpstreamFailedError
from apps.core.ids import new_id
from apps.core.text import kept_json
from apps.costs.money import usd_text
from apps.gateway.calls.metering import Meter
from apps.gateway.calls.plan import Decisions, Plan
from apps.gateway.errors import UpstreamBusyError
from apps.gateway.snapshot.records import Caller, Key, Route
from apps.telemetry.models import RequestEvent
from apps.telemetry.spool import moment_of

Outcome = RequestEvent.Outcome

NOBODY_WAITED = 499
ROUTE_MAX = 60
ERROR_MAX = 1000


class Record:
    """Fills up while a call goes its way; whatever is known at its end is written.

    Attributes:
        id: the request's own id; `at` is the moment in it.
        is_sent: the model server has got the call.
    """

    def __init__(self, *, surface: str, client_request_id: str) -> None:
        self._started = time.perf_counter()
        self.id: UUID = new_id()
        self.at: datetime = moment_of(self.id)
        self.client_request_id = client_request_id
        self.surface = surface
        self.stream = False
        self.caller: Caller | None = None
        self.key: Key | None = None
        self.asked_route = ""
        self.route: Route | None = None
        self.plan: Plan | None = None
        self.is_sent = False
        self.meter = Meter(0)
        self.decisions: Decisions = []
        self.status = 0
        self.outcome = Outcome.OK
        self.error = ""
        self.first_token_ms: float | None = None

    @property
    def public_id(self) -> str:
        """The id that answers carry: the caller's, if it sent one, else ours."""
        return self.client_request_id or str(self.id)

    @property
    def latency_ms(self) -> float:
        """Milliseconds since the call arrived."""
        return round((time.perf_counter() - self._started) * 1000, 3)

    def planned(self, plan: Plan) -> None:
        self.plan = plan
        self.meter = Meter(plan.prompt_chars)
        self.decisions += plan.decisions

    def allowed(self, check: str, detail: str) -> None:
        self.decisions.append({"check": check, "passed": True, "detail": detail})

    def first_token(self) -> None:
        if self.first_token_ms is None:
            self.first_token_ms = self.latency_ms

    def ended(self, outcome: Outcome, *, status: int, error: str = "") -> None:
        self.outcome, self.status, self.error = outcome, status, error[:ERROR_MAX]

    def refused(self, refusal: DomainError, *, status: int) -> None:
        """Note why there is no answer, or no whole one."""
        self.decisions.append({"check": refusal.code, "passed": False, "detail": str(refusal)[:ERROR_MAX]})
        error = f"{refusal.code}: {refusal}"
        if self.first_token_ms is not None:
            self.ended(Outcome.CUT, status=200, error=error)
        elif isinstance(refusal, UpstreamFailedError | UpstreamBusyError):
            self.ended(Outcome.UPSTREAM_ERROR, status=status, error=error)
        else:
            self.ended(Outcome.REFUSED, status=status, error=error)

    def abandoned(self) -> None:
        """Note that the caller went away; the model server has worked until then."""
        if self.is_sent:
            self.meter.count_prompt()
        self.ended(Outcome.CLIENT_GONE, status=NOBODY_WAITED, error="the caller went away")

    @property
    def cost_nano(self) -> int:
        """What the call cost, in nano-dollars, by the prices of when it began."""
        if self.route is None:
            return 0
        return self.route.prices.cost_nano(self.meter.prompt_tokens, self.meter.completion_tokens)

    def line(self) -> bytes:
        """Return the line of the spool, with its end."""
        return orjson.dumps(kept_json(self._columns() | self._for_operators())) + b"\n"

    def _columns(self) -> dict[str, Any]:
        route, prompt = self.route, self.plan.prompt if self.plan else None
        return {
            "id": self.id,
            "at": self.at,
            "client_request_id": self.client_request_id,
            "team_id": route.team_id if route else None,
            "user_id": self.caller.id if self.caller else None,
            "api_key_id": self.key.id if self.key else None,
            "route": route.name if route else self.asked_route[:ROUTE_MAX],
            "endpoint_id": route.endpoint_id if route else None,
            "revision_id": route.revision_id if route else None,
            "model_version_id": route.model_version_id if route else None,
            "model": route.model_name if route else "",
            "prompt_version_id": prompt.id if prompt else None,
            "surface": self.surface,
            "stream": self.stream,
            "status": self.status,
            "outcome": self.outcome.value,
            "error": self.error or None,
            "prompt_tokens": self.meter.prompt_tokens,
            "completion_tokens": self.meter.completion_tokens,
            "tokens_estimated": self.meter.is_estimated,
            "latency_ms": self.latency_ms,
            "first_token_ms": self.first_token_ms,
            "cost_usd": usd_text(self.cost_nano),
            "decisions": self.decisions,
            "content": None,  # kept only where a policy says so, and none does yet
        }

    def _for_operators(self) -> dict[str, Any]:
        return {
            "ts": self.at,
            "event": "llm.call",
            "provider": self.route.backend if self.route else None,
            "success": self.outcome is Outcome.OK,
            "interaction_id": self.id,
        }
