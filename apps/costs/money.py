"""Amounts of money, exactly.

Prices have six decimals and are per 1,000,000 tokens, so a token costs a whole number of pico-dollars. Costs are whole
nano-dollars, rounded up once per cost: what budgets count and what the ledger books is then the same number.
"""

from decimal import Decimal

NANO_PER_USD = 10**9
_PICO_PER_NANO = 1000
_USD_PER_NANO = Decimal(1).scaleb(-9)


def nano_of(usd: Decimal) -> int:
    """Return an amount in nano-dollars; fractions of one are rounded towards zero."""
    return int(usd * NANO_PER_USD)


def usd_of(nano: int) -> Decimal:
    """Return nano-dollars as dollars with nine decimals."""
    return Decimal(nano) * _USD_PER_NANO


def usd_text(nano: int) -> str:
    """Return nano-dollars as dollars, written with nine decimals."""
    return f"{usd_of(nano):.9f}"


def pico_per_token(usd_per_million: Decimal) -> int:
    """Return what one token costs in pico-dollars, given the price of 1,000,000."""
    return int(usd_per_million.scaleb(6))


def nano_rounded_up(pico: int) -> int:
    """Return pico-dollars as nano-dollars, rounded up."""
    return -(-pico // _PICO_PER_NANO)
