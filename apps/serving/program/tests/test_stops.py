import pytest

from apps.serving.program.stops import StopFilter


def passed_on(stops, pieces):
    seen = []
    until = StopFilter(stops, seen.append)
    for piece in pieces:
        until.push(piece)
    until.flush()
    return "".join(seen), until.found


class TestStopFilter:
    @pytest.mark.parametrize(
        ("stops", "pieces", "text", "found"),
        [
            ([], ["a", "b"], "ab", False),
            ([" / "], ["refund", " /", " billing"], "refund", True),
            ([" / "], ["refund", " /", "x"], "refund /x", False),
            ([" / "], ["refund", " /"], "refund /", False),
            (["aab"], ["aaa", "ab"], "aa", True),
            (["later", "no"], ["so no ", "later"], "so ", True),
            (["환불"], ["교환 환", "불 접수"], "교환 ", True),
        ],
    )
    def test_shows_all_before_the_first_stop_and_nothing_after(self, stops, pieces, text, found):
        assert passed_on(stops, pieces) == (text, found)

    def test_holds_back_no_more_than_it_must(self):
        seen = []
        until = StopFilter(["</end>"], seen.append)

        until.push("one <b")

        assert seen == ["one <b"]
