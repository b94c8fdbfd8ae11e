import json

import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer

from apps.training.program.errors import DataError
from apps.training.program.folder import JobFolder
from apps.training.program.generate import generate
from apps.training.program.spec import GenerateSpec

from .conftest import PAIRS, do, sft_spec, write_lines


@pytest.fixture(scope="module")
def tuned(pairs, base, tmp_path_factory):
    spec = sft_spec(pairs, base / "output", hyperparams={"num_epochs": 40, "lr": 1e-2, "eval_fraction": 0})
    return do(spec, tmp_path_factory.mktemp("tuned")).output


def ask(model, path, prompts, **settings):
    file = write_lines(path / "prompts.jsonl", prompts)
    asked = {"model_dir": str(model), "prompts_file": str(file), "max_new_tokens": 24, "batch_size": 3, **settings}
    spec = {"job_id": "eval-1", "name": "answers", "command": "generate", "generate": asked}
    folder = JobFolder(path)
    generate(GenerateSpec.model_validate(spec), folder)
    return folder


def answers(path):
    return {line["index"]: line for line in map(json.loads, (path / "predictions.jsonl").read_text().splitlines())}


PROMPTS = [{"index": index, "prompt": prompt} for index, (prompt, _) in enumerate(PAIRS[:4])]


class TestGenerate:
    def test_answers_as_the_model_was_taught(self, tuned, tmp_path):
        ask(tuned, tmp_path, PROMPTS)

        assert [answers(tmp_path)[n]["prediction"] for n in range(4)] == [response for _, response in PAIRS[:4]]

    def test_gives_in_a_batch_what_it_gives_alone(self, tuned, tmp_path):
        """Unlike lengths share a batch here, so padding that leaked into an answer would show."""
        ask(tuned, tmp_path, PROMPTS, batch_size=4)

        tokenizer, model = AutoTokenizer.from_pretrained(tuned), AutoModelForCausalLM.from_pretrained(tuned)
        for prompt in PROMPTS:
            ids = tokenizer.apply_chat_template(
                [{"role": "user", "content": prompt["prompt"]}], add_generation_prompt=True, return_tensors="pt"
            )["input_ids"]
            alone = model.generate(ids, max_new_tokens=24, do_sample=False)[0, ids.shape[1] :]
            line = answers(tmp_path)[prompt["index"]]
            assert line["prediction"] == tokenizer.decode(alone, skip_special_tokens=True)
            assert (line["prompt_tokens"], line["completion_tokens"]) == (ids.shape[1], len(alone))

    def test_takes_whole_conversations(self, tuned, tmp_path):
        ask(tuned, tmp_path, [{"index": 0, "messages": [{"role": "user", "content": PAIRS[0][0]}]}])

        assert answers(tmp_path)[0]["prediction"] == PAIRS[0][1]

    def test_stops_at_the_limit(self, tuned, tmp_path):
        ask(tuned, tmp_path, PROMPTS, max_new_tokens=2)

        assert {line["completion_tokens"] for line in answers(tmp_path).values()} == {2}

    def test_goes_on_where_it_was_killed(self, tuned, tmp_path):
        earlier = {"index": 2, "prediction": "from before", "prompt_tokens": 1, "completion_tokens": 1, "latency_ms": 1}
        (tmp_path / "predictions.jsonl").write_text(json.dumps(earlier) + '\n{"index": 3, "predic')

        folder = ask(tuned, tmp_path, PROMPTS)

        assert answers(tmp_path)[2] == earlier
        assert sorted(answers(tmp_path)) == [0, 1, 2, 3]
        assert folder.metrics[-1]["step"] == 4
        assert folder.facts["prompts"] == 4


class TestRefusals:
    @pytest.mark.parametrize(
        ("prompts", "reason"),
        [
            ([{"index": 0, "prompt": "a"}, {"index": 0, "prompt": "b"}], "two lines bear the same index"),
            ([{"index": 0}], 'prompts.jsonl line 1: give either "prompt" or "messages"'),
            ([{"index": 0, "prompt": "a"}, {"index": "x", "prompt": "b"}], "prompts.jsonl line 2"),
            ([], "is empty"),
            (
                [{"index": 0, "prompt": "a"}, {"index": 7, "prompt": "word " * 60}],
                "1 prompts are too long for the model, the first at index 7",
            ),
        ],
    )
    def test_name_the_prompt_and_leave_no_answer(self, tuned, tmp_path, prompts, reason):
        with pytest.raises(DataError, match=reason):
            ask(tuned, tmp_path, prompts)
        assert not (tmp_path / "predictions.jsonl").exists()
