import pytest

from apps.core.numbers import whole_number


class TestWholeNumber:
    @pytest.mark.parametrize(("text", "number"), [("0", 0), ("7", 7), ("500", 500), ("007", 7)])
    def test_reads_plain_digits(self, text, number):
        assert whole_number(text, most=500) == number

    @pytest.mark.parametrize("text", ["", "-1", "+1", "1.0", "1_0", " 1", "٣", "²", "501", "0001", "9" * 5000])
    def test_is_none_for_anything_else(self, text):
        assert whole_number(text, most=500) is None
