import pytest

from apps.core.retries import retry_wait_s


class TestRetryWait:
    @pytest.mark.parametrize(
        ("failures", "about_s"), [(1, 5), (2, 15), (3, 45), (6, 1215), (9, 10800), (10_000, 10800)]
    )
    def test_grows_to_its_limit_and_leaves_a_fifth_to_chance(self, failures, about_s):
        waits = {retry_wait_s(failures) for _ in range(100)}

        assert about_s * 0.8 <= min(waits) < max(waits) <= about_s * 1.2
