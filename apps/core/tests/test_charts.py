import pytest

from apps.core.web.charts import Chart, Series, interval_bar


class TestChart:
    def test_gives_the_same_numbers_to_the_drawing_and_to_the_table(self):
        chart = Chart(
            title="Loss", labels=[0, 10], series=[Series(name="Training", values=[2.0, None])], x="Step", y="Loss"
        )

        assert chart.as_data["series"] == [{"name": "Training", "values": [2.0, None]}]
        assert chart.rows == [(0, [2.0]), (10, [None])]

    def test_refuses_a_series_that_does_not_fit_its_labels(self):
        with pytest.raises(ValueError, match="'Training' has 1 values for 2 labels"):
            Chart(title="Loss", labels=[0, 10], series=[Series(name="Training", values=[2.0])], x="Step", y="Loss")


class TestIntervalBar:
    def test_places_the_interval_on_the_scale_in_percent(self):
        bar = interval_bar(0.7, 0.6, 0.8, least=0, most=1)

        assert (bar.left, bar.width, bar.at) == (60, 20, 70)

    def test_cuts_off_what_lies_outside_the_scale(self):
        bar = interval_bar(12, 5, 20, least=0, most=10)

        assert (bar.left, bar.width, bar.at) == (50, 50, 100)

    @pytest.mark.parametrize(
        ("value", "low", "high", "least", "most"),
        [(0.5, 0.6, 0.8, 0, 1), (0.7, 0.6, 0.8, 1, 1), (float("nan"), 0, 1, 0, 1)],
    )
    def test_refuses_an_empty_scale_and_a_value_outside_its_interval(self, value, low, high, least, most):
        with pytest.raises(ValueError, match=r"empty|does not hold"):
            interval_bar(value, low, high, least=least, most=most)
