from datetime import timedelta
from decimal import Decimal

import pytest

from apps.core.web import formats


@pytest.mark.parametrize(
    ("size", "shown"),
    [(0, "0 B"), (999, "999 B"), (1536, "1.5 kB"), (2_000_000, "2 MB"), (4_812_334_080, "4.8 GB"), (999_999, "1 MB")],
)
def test_bytes_are_in_decimal_units(size, shown):
    assert formats.in_bytes(size) == shown


@pytest.mark.parametrize(
    ("count", "shown"), [(0, "0"), (950, "950"), (12_345, "12.3k"), (250_000, "250k"), (1.2e9, "1.2B")]
)
def test_counts_have_three_figures(count, shown):
    assert formats.in_short(count) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.0421, "42 ms"),
        (2.345, "2.3 s"),
        (75, "1 min 15 s"),
        (3725, "1 h 2 min"),
        (timedelta(days=2, minutes=5), "2 d"),
        (3600, "1 h"),
        (-75, "-1 min 15 s"),
    ],
)
def test_durations_have_two_neighbouring_units(seconds, shown):
    assert formats.in_time(seconds) == shown


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        (Decimal("1234.5"), "USD", "$1,234.50"),
        (Decimal("0.00042"), "USD", "$0.00042"),
        (Decimal("0.000417"), "USD", "$0.00042"),
        (0, "EUR", "€0.00"),
        (Decimal("-3.2"), "CHF", "-CHF 3.20"),
    ],
)
def test_money_shows_two_figures_below_a_cent(amount, currency, shown):
    assert formats.in_money(amount, currency) == shown


def test_a_digest_is_shortened_to_what_one_recognises():
    assert formats.short_digest("sha256:" + "9f2c4e8b7a61d035" * 4) == "9f2c4e8b7a61…"
    assert formats.short_digest("v1.4.0") == "v1.4.0"
