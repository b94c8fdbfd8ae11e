from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.costs.models import Price
from apps.costs.money import nano_of, nano_rounded_up, pico_per_token, usd_of
from apps.costs.pricing import PriceList, TokenPrices

MAY, JUNE, JULY = (datetime(2026, month, 1, tzinfo=UTC) for month in (5, 6, 7))


def price(usd: str, applies_to: str = "", since: datetime = MAY, unit: str = "prompt_tokens") -> Price:
    return Price(unit=unit, usd=Decimal(usd), applies_to=applies_to, in_force_from=since)


class TestPriceList:
    @pytest.mark.parametrize(
        ("names", "expected"),
        [(("support", "voc"), "3"), (("other", "voc"), "2"), (("other", "else"), "1"), ((), "1")],
    )
    def test_takes_the_price_that_fits_best(self, names, expected):
        prices = PriceList([price("1"), price("2", "voc"), price("3", "support")])

        assert prices.usd("prompt_tokens", names=names, at=JULY) == Decimal(expected)

    def test_takes_the_newest_that_is_in_force(self):
        prices = PriceList([price("1", since=MAY), price("2", since=JUNE), price("3", since=JULY)])

        assert [prices.usd("prompt_tokens", names=(), at=at) for at in (MAY, JUNE, JULY)] == [1, 2, 3]

    def test_an_own_price_of_before_beats_a_newer_one_for_all(self):
        prices = PriceList([price("1", "voc", since=MAY), price("9", since=JUNE)])

        assert prices.usd("prompt_tokens", names=("voc",), at=JULY) == 1

    def test_what_has_no_price_is_free(self):
        assert PriceList([price("1", since=JULY)]).tokens(names=("voc",), at=JUNE) == TokenPrices(0, 0)


class TestTokenPrices:
    def test_costs_what_the_list_says_per_million(self):
        prices = TokenPrices(pico_per_token(Decimal("0.150000")), pico_per_token(Decimal("0.600000")))

        assert usd_of(prices.cost_nano(1_000_000, 1_000_000)) == Decimal("0.750000000")

    def test_keeps_the_smallest_price_of_a_single_token_by_rounding_up(self):
        assert TokenPrices(prompt_pico=1).cost_nano(1, 0) == 1

    @given(st.integers(0, 10**7), st.integers(0, 10**7), st.integers(0, 10**6), st.integers(0, 10**6))
    def test_differs_from_the_exact_cost_by_less_than_a_nano_dollar(
        self, prompt_pico, completion_pico, prompt, completion
    ):
        exact = (Decimal(prompt_pico) * prompt + Decimal(completion_pico) * completion).scaleb(-12)

        cost = usd_of(TokenPrices(prompt_pico, completion_pico).cost_nano(prompt, completion))

        assert Decimal(0) <= cost - exact < Decimal("0.000000001")


class TestMoney:
    @given(st.integers(0, 10**18))
    def test_dollars_and_back_are_the_same(self, nano):
        assert nano_of(usd_of(nano)) == nano

    def test_rounds_up(self):
        assert [nano_rounded_up(pico) for pico in (0, 1, 1000, 1001)] == [0, 1, 1, 2]
