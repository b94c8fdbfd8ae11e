import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.evaluation import intervals
from apps.evaluation.intervals import described, mean_interval, paired_difference

SCORES = st.lists(st.floats(0, 1), min_size=1, max_size=40)


class TestMeanInterval:
    @settings(max_examples=30, deadline=None)
    @given(SCORES, st.integers(0, 2**31 - 1))
    def test_holds_the_mean_and_stays_within_the_values(self, values, seed):
        found = mean_interval(values, seed=seed)

        assert found.low <= found.value <= found.high
        assert min(values) - 1e-9 <= found.low <= found.high <= max(values) + 1e-9

    def test_is_the_same_again_with_the_same_seed_and_another_with_another(self):
        values = list(np.linspace(0, 1, 37) ** 2)

        assert mean_interval(values, seed=7) == mean_interval(values, seed=7)
        assert mean_interval(values, seed=7) != mean_interval(values, seed=8)

    def test_is_the_same_however_many_resamples_are_drawn_at_once(self, monkeypatch):
        values = list(np.linspace(0, 1, 50))
        whole = mean_interval(values, seed=3)

        monkeypatch.setattr(intervals, "DRAWN_AT_ONCE", 50 * 7)

        assert mean_interval(values, seed=3) == whole

    def test_of_equal_values_has_no_width(self):
        found = mean_interval([0.5] * 9, seed=0)

        assert (found.value, found.low, found.high) == (0.5, 0.5, 0.5)

    def test_covers_the_true_mean_about_as_often_as_it_says(self):
        generator = np.random.default_rng(1)
        draws = [(generator.random(100) < 0.7).astype(float) for _ in range(200)]

        covered = sum(found.low <= 0.7 <= found.high for found in (mean_interval(list(d), seed=0) for d in draws))

        assert 180 <= covered <= 200

    def test_agrees_with_the_normal_approximation_where_that_holds(self):
        values = [1.0] * 700 + [0.0] * 300

        found = mean_interval(values, seed=0)

        half = 1.96 * (0.7 * 0.3 / 1000) ** 0.5
        assert found.low == pytest.approx(0.7 - half, abs=0.004)
        assert found.high == pytest.approx(0.7 + half, abs=0.004)

    def test_of_nothing_is_refused(self):
        with pytest.raises(ValueError, match="no values"):
            mean_interval([], seed=0)


class TestPairedDifference:
    def test_of_equal_runs_is_zero_and_not_significant(self):
        found = paired_difference([1.0, 0.0, 1.0], [1.0, 0.0, 1.0], seed=0)

        assert (found.value, found.low, found.high, found.excludes_zero) == (0.0, 0.0, 0.0, False)

    def test_of_a_clear_gain_excludes_zero(self):
        better, worse = [1.0] * 40 + [0.0] * 10, [1.0] * 10 + [0.0] * 40

        assert paired_difference(better, worse, seed=0).excludes_zero
        assert paired_difference(worse, better, seed=0).high < 0

    def test_refuses_what_cannot_be_paired(self):
        with pytest.raises(ValueError, match="cannot be paired"):
            paired_difference([1.0], [1.0, 0.0], seed=0)


def test_an_interval_says_how_it_was_computed():
    told = described(mean_interval([1.0, 0.0], seed=5), seed=5)

    assert told["method"] == "mean, bootstrap percentile interval of 2000 resamples with seed 5"
    assert (told["confidence"], told["n"]) == (0.95, 2)
