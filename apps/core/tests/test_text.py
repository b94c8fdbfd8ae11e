import pytest

from apps.core.text import kept_json, kept_text


class TestKeptText:
    @pytest.mark.parametrize("given", ["\0", chr(0xD800), chr(0xDFFF)])
    def test_replaces_what_no_database_keeps(self, given):
        assert kept_text(f"a{given}b") == "a\ufffdb"

    @pytest.mark.parametrize("given", ["", "plain", "한국어 🙂\n\t\x1b[0m"])
    def test_leaves_everything_else(self, given):
        assert kept_text(given) == given


class TestKeptJson:
    def test_reaches_names_and_values_at_every_depth(self):
        assert kept_json({"a\0": [{"b": "\ud800"}, 1, True, None]}) == {"a\ufffd": [{"b": "\ufffd"}, 1, True, None]}

    @pytest.mark.parametrize("given", [float("nan"), float("inf"), float("-inf")])
    def test_knows_no_number_that_json_does_not(self, given):
        assert kept_json({"loss": [given, 0.5]}) == {"loss": [None, 0.5]}
