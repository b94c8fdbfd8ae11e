import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.knowledge.chunking import passages


class TestPassages:
    def test_keeps_short_paragraphs_together(self):
        assert passages("One.\n\nTwo.", most=20) == ["One.\nTwo."]

    def test_cuts_between_sentences_then_words_then_anywhere(self):
        assert passages("One is here. Two is there.", most=14) == ["One is here.", "Two is there."]
        assert passages("one two three four", most=9) == ["one two", "three", "four"]
        assert passages("가나다라마바사", most=3) == ["가나다", "라마바", "사"]

    @pytest.mark.parametrize("text", ["", "  \n\n \n"])
    def test_has_nothing_for_nothing(self, text):
        assert passages(text) == []

    @given(text=st.text(alphabet="ab .?\n가", max_size=300), most=st.integers(1, 40))
    def test_loses_no_character_but_spaces_and_keeps_to_the_bound(self, text, most):
        pieces = passages(text, most=most)

        assert "".join("".join(pieces).split()) == "".join(text.split())
        assert all(0 < len(piece) <= most for piece in pieces)
