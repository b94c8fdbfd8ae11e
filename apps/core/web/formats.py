"""Quantities as a person reads them. Each says its unit."""

from datetime import timedelta
from decimal import Decimal

SECONDS_IN = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
BYTE_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")
COUNT_UNITS = ("", "k", "M", "B", "T")


def in_bytes(size_bytes: float) -> str:
    """Return a size in decimal units: 1536 is "1.5 kB"."""
    number, unit = _scaled(size_bytes, BYTE_UNITS)
    return f"{number} {unit}"


def in_short(count: float) -> str:
    """Return a count in three figures: 12345 is "12.3k"."""
    return "".join(_scaled(count, COUNT_UNITS))


def in_time(seconds: float | timedelta) -> str:
    """Return a duration in its two largest units: 3725 is "1 h 2 min", 0.0421 is "42 ms"."""
    total = seconds.total_seconds() if isinstance(seconds, timedelta) else seconds
    if total < 0:
        return f"-{in_time(-total)}"
    if total < 1:
        return f"{total * 1000:.0f} ms"
    if total < 10:
        return f"{total:.1f} s"
    parts, rest = [], round(total)
    for unit, size in SECONDS_IN:
        if rest >= size:
            parts.append(f"{rest // size} {unit}")
            rest %= size
        elif parts:
            break  # only neighbours: "2 d 5 min" reads as more exact than it is
    return " ".join(parts[:2])


def in_money(amount: Decimal | float | str, currency: str = "USD") -> str:
    """Return an amount of money: two places, or as many as show the first two figures below a cent."""
    value = Decimal(str(amount))
    places = 2 if value == 0 or abs(value) >= Decimal("0.01") else 1 - value.adjusted()
    sign = "-" if value < 0 else ""
    symbol = {"USD": "$", "EUR": "€", "KRW": "₩", "GBP": "£"}.get(currency, f"{currency} ")
    return f"{sign}{symbol}{abs(value):,.{places}f}"


def short_digest(digest: str, length: int = 12) -> str:
    """Return the start of a digest without its algorithm, or of an id: enough to recognise it."""
    bare = digest.rpartition(":")[2]
    return bare if len(bare) <= length else f"{bare[:length]}…"


def _scaled(number: float, units: tuple[str, ...]) -> tuple[str, str]:
    scaled, unit = float(number), units[0]
    for unit in units:  # the unit that it stops at is the answer
        if abs(scaled) < 999.5 or unit == units[-1]:
            break
        scaled /= 1000
    if unit == units[0]:
        return f"{scaled:.0f}", unit
    return f"{scaled:.1f}".removesuffix(".0") if abs(scaled) < 99.95 else f"{scaled:.0f}", unit
