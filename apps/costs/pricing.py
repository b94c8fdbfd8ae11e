"""Which price applies, and what tokens cost by it. Pure: the gateway calls this for every request."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from apps.costs.models import Price
from apps.costs.money import nano_rounded_up, pico_per_token


@dataclass(frozen=True, slots=True)
class TokenPrices:
    """What one token costs, in pico-dollars."""

    prompt_pico: int = 0
    completion_pico: int = 0

    def cost_nano(self, prompt_tokens: int, completion_tokens: int) -> int:
        """Return what so many tokens cost, in nano-dollars, rounded up."""
        return nano_rounded_up(self.prompt_pico * prompt_tokens + self.completion_pico * completion_tokens)


class PriceList:
    """Prices of all units. The best fit applies: a route's own, then a model's, then the one for all.

    Among prices that fit equally well the newest in force applies; where none is in force, the unit is free.
    """

    def __init__(self, prices: Iterable[Price]) -> None:
        self._prices = sorted(prices, key=lambda price: price.in_force_from, reverse=True)

    def usd(self, unit: str, *, names: Sequence[str], at: datetime) -> Decimal:
        """Return the price of one unit at a moment.

        Args:
            unit: one of `Price.Unit`.
            names: of what is paid for, such as route and model, the most telling first.
        """
        in_force = [price for price in self._prices if price.unit == unit and price.in_force_from <= at]
        for name in (*names, ""):
            for price in in_force:
                if price.applies_to == name:
                    return price.usd
        return Decimal(0)

    def tokens(self, *, names: Sequence[str], at: datetime) -> TokenPrices:
        """Return what tokens of a route cost at a moment."""
        return TokenPrices(
            prompt_pico=pico_per_token(self.usd(Price.Unit.PROMPT_TOKENS, names=names, at=at)),
            completion_pico=pico_per_token(self.usd(Price.Unit.COMPLETION_TOKENS, names=names, at=at)),
        )
