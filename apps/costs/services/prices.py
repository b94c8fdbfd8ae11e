"""Setting prices. A price is never changed: a newer one takes its place from its moment on."""

from datetime import datetime
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.accounts.errors import PermissionRefusedError
from apps.accounts.models import User
from apps.core.errors import BrokenRule
from apps.costs.errors import PriceRefusedError
from apps.costs.models import Price
from apps.governance.services import record_event


@transaction.atomic
def set_price(
    *, actor: User, unit: str, usd: Decimal, applies_to: str = "", in_force_from: datetime | None = None
) -> Price:
    """Set what a unit costs from a moment on (default: now).

    Args:
        unit: one of `Price.Unit`.
        usd: per 1,000,000 tokens or per hour, with at most six decimals.
        applies_to: route or model name; empty for all.

    Raises:
        PermissionRefusedError: prices are everybody's, so only an administrator sets them.
        PriceRefusedError: the unit is unknown, the amount negative or too fine, or there is a price from that moment.
    """
    if not (actor.is_superuser or actor.kind == User.Kind.SYSTEM):
        raise PermissionRefusedError(permission="manage prices", who_can_help="Ask an administrator.")
    if broken := _broken_rules(unit, usd):
        raise PriceRefusedError(rules=broken)
    try:
        with transaction.atomic():
            price = Price.objects.create(
                unit=unit, usd=usd, applies_to=applies_to, in_force_from=in_force_from or timezone.now()
            )
    except IntegrityError:
        why = "There is a price of this unit from that moment already."
        raise PriceRefusedError(
            rules=[BrokenRule("price_once", "in_force_from", why, "Choose a later moment.")]
        ) from None
    after = {
        "unit": unit,
        "usd": str(usd),
        "applies_to": applies_to,
        "in_force_from": price.in_force_from.isoformat(),
    }
    record_event(actor=actor, action="price.set", subject=price, after=after)
    return price


def _broken_rules(unit: str, usd: Decimal) -> list[BrokenRule]:
    broken = []
    if unit not in Price.Unit.values:
        why = f"There is no unit '{unit}'."
        broken.append(BrokenRule("unit_known", "unit", why, f"Use one of {', '.join(Price.Unit.values)}."))
    if not usd.is_finite() or usd < 0 or usd != round(usd, 6):
        why = f"{usd} is not an amount of dollars with at most six decimals."
        broken.append(BrokenRule("price_sane", "usd", why, "Give it as 0.15, for example."))
    return broken
