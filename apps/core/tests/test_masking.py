import pytest

from apps.core.masking import MASK, masked


class TestMasked:
    @pytest.mark.parametrize(
        "name", ["secret", "api_key", "apikey", "client_secret", "Password", "access-token", "token"]
    )
    def test_hides_what_is_named_like_a_secret(self, name):
        assert masked({"provider": {name: "hunter2"}}) == {"provider": {name: MASK}}

    def test_looks_into_lists(self):
        assert masked([{"password": "hunter2"}, "plain"]) == [{"password": MASK}, "plain"]

    def test_leaves_counts_and_what_only_sounds_like_a_secret(self):
        document = {"token": 12, "max_tokens": 128, "tokenizer": "bpe", "secretary": "Kim", "api_key": ""}

        assert masked(document) == document
