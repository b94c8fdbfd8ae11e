from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.web import differences
from apps.core.web.differences import Change, Line, field_changes, line_diff

TEXTS = st.lists(st.sampled_from("abc"), max_size=8).map("\n".join)


class TestLineDiff:
    def test_is_empty_when_nothing_changed(self):
        assert line_diff("a\nb", "a\nb") == []

    def test_numbers_the_lines_of_both_sides(self):
        (passage,) = line_diff("a\nb\nc", "a\nB\nB2\nc")

        assert passage == [
            Line("same", 1, 1, "a"),
            Line("removed", 2, None, "b"),
            Line("added", None, 2, "B"),
            Line("added", None, 3, "B2"),
            Line("same", 3, 4, "c"),
        ]

    def test_shows_distant_changes_as_passages_of_their_own(self):
        before = [str(number) for number in range(40)]
        after = ["x", *before[1:-1], "y"]

        passages = line_diff("\n".join(before), "\n".join(after), context=2)

        assert [len(passage) for passage in passages] == [4, 4]

    def test_takes_a_text_too_long_to_match_for_changed_between_its_first_and_last_change(self):
        """20,000 lines that repeat: matching each with each would take days."""
        before = ["title", *["x", "y"] * 10_000, "end"]
        after = ["title", *["y", "x"] * 10_000, "end"]

        (passage,) = line_diff("\n".join(before), "\n".join(after))

        assert Counter(line.kind for line in passage) == {"same": 2, "removed": 20_000, "added": 20_000}
        assert [passage[0], passage[-1]] == [Line("same", 1, 1, "title"), Line("same", 20_002, 20_002, "end")]

    def test_finds_one_changed_line_in_a_long_text(self):
        before = ["x"] * 50_000
        after = [*before[:30_000], "changed", *before[30_001:]]

        (passage,) = line_diff("\n".join(before), "\n".join(after), context=1)

        assert [(line.kind, line.before, line.after) for line in passage] == [
            ("same", 30_000, 30_000),
            ("removed", 30_001, None),
            ("added", None, 30_001),
            ("same", 30_002, 30_002),
        ]

    @pytest.mark.parametrize("effort_max", [0, differences.EFFORT_MAX])
    @given(before=TEXTS, after=TEXTS)
    def test_holds_both_texts(self, effort_max, before, after):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(differences, "EFFORT_MAX", effort_max)
            passages = line_diff(before, after, context=100)

        lines = [line for passage in passages for line in passage]
        if before == after:
            assert lines == []
        else:
            assert [line.text for line in lines if line.before] == before.splitlines()
            assert [line.text for line in lines if line.after] == after.splitlines()


class TestFieldChanges:
    def test_compares_nested_records_by_path(self):
        before = {"license": "mit", "training": {"epochs": 2, "lr": 0.1}, "old": 1}
        after = {"license": "mit", "training": {"epochs": 3, "lr": 0.1}, "new": "x"}

        changes = field_changes(before, after)

        assert changes == [Change("training.epochs", 2, 3), Change("new", None, "x"), Change("old", 1, None)]
        assert [change.kind for change in changes] == ["changed", "added", "removed"]
