"""What an hour of a processor costs. Who keeps the prices stands above, and is handed in from `AppConfig.ready()`."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from django.core.exceptions import ImproperlyConfigured

SECONDS_PER_HOUR = 3600
MICRO_USD = Decimal("0.000001")


class RateProvider(Protocol):
    """Returns US dollars for an hour of one CPU or GPU at a moment; `names` says what it is for, most telling first."""

    def __call__(self, *, use_gpu: bool, names: Sequence[str], at: datetime) -> Decimal: ...


_providers: list[RateProvider] = []


def register_rates(provider: RateProvider) -> None:
    """Have `provider` say what hours cost, in place of whoever did before."""
    _providers[:] = [provider]


def hour_usd(*, use_gpu: bool, names: Sequence[str], at: datetime) -> Decimal:
    """Return what an hour of one processor costs at a moment, in US dollars.

    Raises:
        ImproperlyConfigured: nobody has handed in the prices.
    """
    if not _providers:
        raise ImproperlyConfigured("Nobody says what an hour of a processor costs. Install apps.costs.")
    return _providers[0](use_gpu=use_gpu, names=names, at=at)


def cost_usd(*, began_at: datetime | None, until: datetime, hour_usd: Decimal, processors: int = 1) -> Decimal:
    """Return what processors cost from one moment to another, in US dollars to the millionth; 0 before they begin."""
    if began_at is None:
        return Decimal(0)
    seconds = Decimal(str(max(0.0, (until - began_at).total_seconds())))
    return (seconds / SECONDS_PER_HOUR * hour_usd * processors).quantize(MICRO_USD)
