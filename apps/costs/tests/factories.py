"""What costs something, and what it is paid from."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from apps.accounts.models import Team
from apps.accounts.services import system_account
from apps.core.ids import new_id
from apps.costs.models import Budget, Price
from apps.costs.services import create_budget, set_price
from apps.telemetry.models import RequestEvent
from apps.telemetry.spool import moment_of


def request_event(team: Team, usd: str = "0.000012000", **given: Any) -> RequestEvent:
    """Return an event as telemetry announces it; it is not stored."""
    request_id = given.pop("id", new_id())
    values: dict[str, Any] = {
        "at": moment_of(request_id),
        "route": "assistant",
        "surface": "openai",
        "status": 200,
        "outcome": "ok",
        "prompt_tokens": 10,
        "completion_tokens": 5,
    }
    return RequestEvent(id=request_id, team=team, cost_usd=Decimal(usd), **values | given)


def budget(team: Team, month_usd: str = "1.00", name: str = "Inference", **given: Any) -> Budget:
    return create_budget(actor=system_account(), team=team, name=name, month_usd=Decimal(month_usd), **given)


def price(unit: str, usd: str, applies_to: str = "", in_force_from: datetime | None = None) -> Price:
    since = in_force_from or timezone.now() - timedelta(days=1)
    return set_price(actor=system_account(), unit=unit, usd=Decimal(usd), applies_to=applies_to, in_force_from=since)
