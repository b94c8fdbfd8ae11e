from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ImproperlyConfigured

from apps.integrations.orchestration import rates

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


class TestCostUsd:
    @pytest.mark.parametrize(
        ("minutes", "hour_usd", "processors", "cost"),
        [
            (60, "3.00", 1, "3"),
            (30, "3.00", 4, "6"),
            (1, "0.10", 1, "0.001667"),
            (0, "3.00", 8, "0"),
            (-5, "3", 1, "0"),
        ],
    )
    def test_is_hours_times_rate_times_processors_to_the_millionth(self, minutes, hour_usd, processors, cost):
        until = NOON + timedelta(minutes=minutes)

        found = rates.cost_usd(began_at=NOON, until=until, hour_usd=Decimal(hour_usd), processors=processors)

        assert found == Decimal(cost)

    def test_is_nothing_before_it_begins(self):
        assert rates.cost_usd(began_at=None, until=NOON, hour_usd=Decimal(3)) == 0


class TestHourUsd:
    def test_says_when_nobody_keeps_prices(self, monkeypatch):
        monkeypatch.setattr(rates, "_providers", [])

        with pytest.raises(ImproperlyConfigured, match=r"Install apps\.costs"):
            rates.hour_usd(use_gpu=True, names=[], at=NOON)
