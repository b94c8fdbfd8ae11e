from apps.core.web.differences import Change, Line, field_changes, line_diff


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


class TestFieldChanges:
    def test_compares_nested_records_by_path(self):
        before = {"license": "mit", "training": {"epochs": 2, "lr": 0.1}, "old": 1}
        after = {"license": "mit", "training": {"epochs": 3, "lr": 0.1}, "new": "x"}

        changes = field_changes(before, after)

        assert changes == [Change("training.epochs", 2, 3), Change("new", None, "x"), Change("old", 1, None)]
        assert [change.kind for change in changes] == ["changed", "added", "removed"]
