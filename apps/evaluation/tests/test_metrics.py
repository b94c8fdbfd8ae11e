import unicodedata

import pytest

from apps.evaluation.metrics import exact_match, normalised, token_f1


class TestNormalised:
    @pytest.mark.parametrize(
        ("text", "plain"),
        [
            ("The  Cat, a dog!", "cat dog"),
            ("refund_request / billing", "refundrequest billing"),
            ("an anthem of the theatre", "anthem of theatre"),
            ("환불은 언제 되나요?", "환불은 언제 되나요"),
            ("", ""),
            ("the", ""),
        ],
    )
    def test_drops_case_punctuation_articles_and_spaces(self, text, plain):
        assert normalised(text) == plain


class TestExactMatch:
    def test_compares_once_normalised(self):
        assert exact_match("Refund_Request / billing.", "refund_request / billing") == 1.0
        assert exact_match("refund_request / quality", "refund_request / billing") == 0.0

    def test_takes_both_ways_of_writing_a_hangul_syllable(self):
        assert exact_match(unicodedata.normalize("NFD", "환불"), "환불") == 1.0


class TestTokenF1:
    @pytest.mark.parametrize(
        ("prediction", "reference", "f1"),
        [
            ("one two", "one two", 1.0),
            ("one", "one two", 2 / 3),
            ("one two three", "one two", 0.8),
            ("one one", "one two", 0.5),
            ("three", "one two", 0.0),
            ("", "one", 0.0),
            ("one", "", 0.0),
            ("", "", 1.0),
            ("a the", "", 1.0),
            ("환불 billing", "환불 배송", 0.5),
        ],
    )
    def test_is_the_harmonic_mean_of_precision_and_recall_of_tokens(self, prediction, reference, f1):
        assert token_f1(prediction, reference) == pytest.approx(f1)
