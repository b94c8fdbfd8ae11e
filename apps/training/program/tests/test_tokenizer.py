import pytest
from transformers import AutoTokenizer

from apps.training.program.tokenizer import CHAT_TEMPLATE, make_ready_to_chat, train_tokenizer

from .conftest import TEXTS


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(TEXTS, vocab_size=400, max_length=128)


class TestTrainTokenizer:
    @pytest.mark.parametrize(
        "text",
        [
            TEXTS[1],
            "본 적 없는 낱말: 쀍, 뷁! ㅋㅋㅋ ㅠㅠ",
            "  spaces  and\ttabs\n\nand emoji 👍🏽 ",
            "e\u0301 is not \u00e9, and 각 is not 각",
            "don't , isn 't .",
        ],
    )
    def test_gives_every_text_back_unchanged(self, tokenizer, text):
        assert tokenizer.decode(tokenizer.encode(text, add_special_tokens=False)) == text

    def test_makes_the_same_tokenizer_from_the_same_texts(self, tokenizer):
        again = train_tokenizer(TEXTS, vocab_size=400, max_length=128)

        assert again.backend_tokenizer.to_str() == tokenizer.backend_tokenizer.to_str()

    def test_keeps_to_its_size(self, tokenizer):
        assert len(tokenizer) == 400

    def test_is_the_same_after_saving(self, tokenizer, tmp_path):
        tokenizer.save_pretrained(tmp_path)

        loaded = AutoTokenizer.from_pretrained(tmp_path)

        conversation = [{"role": "user", "content": "환불해 주세요."}]
        assert loaded.apply_chat_template(conversation, tokenize=False, add_generation_prompt=True) == (
            "<|im_start|>user\n환불해 주세요.<|im_end|>\n<|im_start|>assistant\n"
        )
        assert (loaded.eos_token, loaded.pad_token) == ("<|im_end|>", "<|endoftext|>")


class TestMakeReadyToChat:
    def test_leaves_a_complete_tokenizer_alone(self, tokenizer):
        assert make_ready_to_chat(tokenizer) == []

    def test_gives_what_is_missing(self):
        bare = train_tokenizer(TEXTS, vocab_size=400, max_length=128)
        bare.pad_token, bare.chat_template = None, None

        added = make_ready_to_chat(bare)

        assert len(added) == 2
        assert (bare.pad_token, bare.chat_template) == (bare.eos_token, CHAT_TEMPLATE)
