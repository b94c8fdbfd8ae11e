import pytest
import torch

from apps.training.program.base_model import load_tokenizer
from apps.training.program.errors import DataError, ModelError, SpecError
from apps.training.program.recipes import recipe_for
from apps.training.program.recipes.base import split
from apps.training.program.recipes.pretrain import Blocks, stack
from apps.training.program.recipes.sft import IGNORED, Padding, encode
from apps.training.program.spec import TrainSpec

from .conftest import do, pretrain_spec, sft_spec, write_lines


@pytest.fixture(scope="module")
def tokenizer(base):
    return load_tokenizer(base / "output")


class TestRecipeFor:
    @pytest.mark.parametrize("job_type", ["RAG_TUNING", "RLHF", "EMBEDDING"])
    def test_refuses_what_is_not_here_yet(self, corpus, job_type):
        spec = pretrain_spec(corpus)
        spec["train"]["job_type"] = job_type

        with pytest.raises(SpecError, match=f"{job_type} is not yet runnable here"):
            recipe_for(TrainSpec.model_validate(spec).train)

    def test_refuses_a_method_that_the_recipe_has_not(self, corpus):
        spec = pretrain_spec(corpus)
        spec["train"]["method"] = "qlora"

        with pytest.raises(SpecError, match="PRETRAIN with the method qlora is not yet runnable here; take full"):
            recipe_for(TrainSpec.model_validate(spec).train)


class TestCheck:
    def test_refuses_to_pretrain_without_a_shape(self, corpus, tmp_path):
        spec = pretrain_spec(corpus)
        del spec["train"]["architecture"]

        with pytest.raises(SpecError, match="needs an architecture"):
            do(spec, tmp_path)
        assert not (tmp_path / "output").exists()

    def test_refuses_a_family_it_cannot_build(self, corpus, tmp_path):
        spec = pretrain_spec(corpus)
        spec["train"]["model_family"] = "bert"

        with pytest.raises(SpecError, match='"bert" cannot be trained from scratch here; take llama or mistral'):
            do(spec, tmp_path)

    def test_refuses_rows_longer_than_the_positions(self, corpus, tmp_path):
        with pytest.raises(SpecError, match=r"max_seq_len 129 is more than .* max_position_embeddings 128"):
            do(pretrain_spec(corpus, hyperparams={"max_seq_len": 129}), tmp_path)

    def test_refuses_to_tune_nothing(self, pairs, base, tmp_path):
        with pytest.raises(SpecError, match="SFT needs a base model"):
            do(sft_spec(pairs, base, base_model_dir=None), tmp_path)


class TestSplit:
    def test_divides_the_same_way_for_the_same_seed(self):
        kept, aside = split(range(100), 0.1, seed=3)

        assert (kept, aside) == split(range(100), 0.1, seed=3)
        assert sorted(kept + aside) == list(range(100))
        assert len(aside) == 10

    @pytest.mark.parametrize(("rows", "fraction", "aside"), [(5, 0.0, 0), (5, 0.01, 1), (1, 0.5, 0), (2, 0.5, 1)])
    def test_holds_out_one_row_where_it_can(self, rows, fraction, aside):
        assert len(split(range(rows), fraction, seed=0)[1]) == aside


class TestBlocks:
    def test_lays_texts_end_to_end(self, tokenizer):
        blocks = Blocks(["환불", "refund"], tokenizer, length=4)

        stream = [token for index in range(len(blocks)) for token in blocks[index]["input_ids"].tolist()]
        assert "환불<|endoftext|>refund<|endoftext|>".startswith(tokenizer.decode(stream))
        assert len(stream) % 4 == 0

    def test_has_every_token_predicted(self, tokenizer):
        blocks = Blocks(["환불해 주세요. refund please"], tokenizer, length=4)

        batch = stack([blocks[0], blocks[1]])

        assert torch.equal(batch["labels"], batch["input_ids"])
        assert batch["attention_mask"].all()


class TestEncode:
    def test_counts_only_the_answer_and_its_end(self, tokenizer):
        row = encode("환불해 주세요.", "refund_request / billing", tokenizer)

        learnt = [token for token in row["labels"] if token != IGNORED]
        assert tokenizer.decode(learnt) == "refund_request / billing<|im_end|>"
        assert row["input_ids"][-len(learnt) :] == learnt

    def test_shows_the_prompt_as_the_model_will_see_it(self, tokenizer):
        row = encode("환불해 주세요.", "refund", tokenizer)

        asked = tokenizer.apply_chat_template(
            [{"role": "user", "content": "환불해 주세요."}], add_generation_prompt=True, return_dict=False
        )
        assert row["input_ids"][: len(asked)] == asked
        assert row["labels"][: len(asked)] == [IGNORED] * len(asked)

    def test_refuses_a_template_that_rewrites_the_prompt(self, base):
        tokenizer = load_tokenizer(base / "output")
        tokenizer.chat_template = "{{ messages | length }}{{ messages[0]['content'] }}"

        with pytest.raises(ModelError, match="writes a prompt differently once it is answered"):
            encode("a", "b", tokenizer)


class TestPadding:
    def test_pads_on_the_right_and_hides_it(self):
        rows = [{"input_ids": [5, 6, 0], "labels": [IGNORED, 6, 0]}, {"input_ids": [7], "labels": [7]}]

        batch = Padding(0)(rows)

        assert batch["input_ids"].tolist() == [[5, 6, 0], [7, 0, 0]]
        assert batch["attention_mask"].tolist() == [[1, 1, 1], [1, 0, 0]]
        assert batch["labels"].tolist() == [[IGNORED, 6, 0], [7, IGNORED, IGNORED]]


class TestLongRows:
    def test_are_left_out_and_counted(self, base, tmp_path):
        rows = [{"prompt": "a", "response": "b"}] * 5 + [{"prompt": "long " * 40, "response": "b"}]
        pairs = write_lines(tmp_path / "pairs.jsonl", rows)

        folder = do(sft_spec(pairs, base / "output", hyperparams={"num_epochs": 1}), tmp_path / "job")

        assert folder.facts["rows_left_out"] == 1
        warnings = [event["message"] for event in folder.events if event.get("level") == "warning"]
        assert "1 of 6 rows are longer than max_seq_len 80" in warnings[0]

    def test_are_refused_when_there_are_no_others(self, base, tmp_path):
        pairs = write_lines(tmp_path / "pairs.jsonl", [{"prompt": "long " * 40, "response": "b"}])

        with pytest.raises(DataError, match="None of the 1 rows fits in max_seq_len 80"):
            do(sft_spec(pairs, base / "output"), tmp_path / "job")
        assert not (tmp_path / "job" / "output").exists()

    def test_a_corpus_shorter_than_a_block_is_refused(self, tmp_path):
        corpus = write_lines(tmp_path / "corpus.jsonl", [{"text": "hello"}])

        with pytest.raises(DataError, match="shorter than one block of 32 tokens"):
            do(pretrain_spec(corpus), tmp_path / "job")
