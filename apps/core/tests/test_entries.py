import pytest

from apps.core.entries import broken_entry_rules, next_version

GOOD = {"name": "voc-classifier", "version": "1", "license": "Apache-2.0", "tags": ["ko"], "metadata": {"a": 1}}


class TestBrokenEntryRules:
    def test_finds_nothing_wrong_with_a_plain_entry(self):
        assert broken_entry_rules(**GOOD) == []

    @pytest.mark.parametrize("spdx", ["MIT", "Apache-2.0 WITH LLVM-exception", "GPL-2.0+", "LicenseRef-own", ""])
    def test_takes_spdx_expressions(self, spdx):
        assert broken_entry_rules(**GOOD | {"license": spdx}) == []

    @pytest.mark.parametrize(
        ("change", "rule", "field"),
        [
            ({"name": ""}, "name_plain", "name"),
            ({"name": "a/b"}, "name_plain", "name"),
            ({"name": "n" * 121}, "name_plain", "name"),
            ({"version": "1 0"}, "version_plain", "version"),
            ({"license": "do what you want;"}, "license_spdx", "license"),
            ({"tags": [str(number) for number in range(21)]}, "tags_few", "tags"),
            ({"tags": ["ok", " no"]}, "tag_plain", "tags[1]"),
            ({"metadata": {"a": "x" * 70_000}}, "metadata_bounded", "metadata"),
            ({"metadata": {"a": [{"api_key": "k"}]}}, "metadata_without_secrets", "metadata.a[0].api_key"),
            ({"metadata": {"Password": "p"}}, "metadata_without_secrets", "metadata.Password"),
        ],
    )
    def test_names_rule_and_field(self, change, rule, field):
        assert [(broken.rule, broken.field) for broken in broken_entry_rules(**GOOD | change)] == [(rule, field)]

    def test_lets_words_like_tokenizer_and_max_tokens_through(self):
        assert broken_entry_rules(**GOOD | {"metadata": {"tokenizer": "bpe", "max_tokens": "512"}}) == []


class TestNextVersion:
    @pytest.mark.parametrize(
        ("taken", "expected"),
        [([], "1"), (["1", "2"], "3"), (["v1", "rc"], "1"), (["9", "10", "x"], "11"), (["²"], "1")],
    )
    def test_is_the_number_after_the_highest(self, taken, expected):
        assert next_version(taken) == expected
