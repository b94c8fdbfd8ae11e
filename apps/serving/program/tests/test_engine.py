import json
from threading import Event

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from apps.serving.program.chat import read_request
from apps.serving.program.engine import Engine, _Gumbel
from apps.serving.program.errors import ModelError, RequestError
from apps.serving.program.spec import Runtime

from .conftest import CONTEXT, TEXTS, chat_body


@pytest.fixture(scope="module")
def engine(model_dir):
    return Engine.load(model_dir, Runtime(max_output_tokens=40), use_gpu=False)


def request(**changes):
    return read_request(json.dumps(chat_body(**changes)).encode())


def ask(engine, **changes):
    pieces = []
    outcome = engine.answer(engine.prepare(request(**changes)), pieces.append, Event())
    return "".join(pieces), outcome


class TestAnswer:
    def test_says_what_the_model_says_greedily(self, engine, model_dir):
        text, outcome = ask(engine)

        tokenizer, model = AutoTokenizer.from_pretrained(model_dir), AutoModelForCausalLM.from_pretrained(model_dir)
        ids = tokenizer.encode(f"<|user|>{TEXTS[2]}<|end|><|assistant|>", return_tensors="pt", add_special_tokens=False)
        said = model.generate(ids, max_new_tokens=40, do_sample=False)[0, ids.shape[1] :]
        assert text == tokenizer.decode(said, skip_special_tokens=True).rstrip("\ufffd")
        assert outcome.completion_tokens == len(said)

    def test_stops_at_the_limit(self, engine):
        _, outcome = ask(engine, max_tokens=3)

        assert (outcome.completion_tokens, outcome.finish_reason) == (3, "length")

    def test_stops_where_it_is_told_to(self, engine):
        whole, _ = ask(engine)
        stop = whole[5:7]

        text, outcome = ask(engine, stop=stop)

        assert text == whole[: whole.index(stop)]
        assert outcome.finish_reason == "stop"
        assert outcome.completion_tokens < 40

    def test_stops_when_nobody_listens(self, engine):
        cancelled = Event()

        outcome = engine.answer(engine.prepare(request()), lambda _: cancelled.set(), cancelled)

        assert outcome.completion_tokens < 40

    def test_draws_the_same_for_the_same_seed(self, engine):
        first, again, other = (ask(engine, temperature=1.5, seed=seed)[0] for seed in (1, 1, 2))

        assert first == again != other

    def test_is_greedy_at_temperature_zero(self, engine):
        assert ask(engine, temperature=0, seed=5) == ask(engine)


class TestGumbel:
    def test_draws_in_the_proportions_of_the_softmax(self):
        scores = torch.tensor([[2.0, 1.0, 0.0, -1.0]])
        draw = _Gumbel(seed=3)

        choices = torch.tensor([int(draw(torch.empty(0), scores).argmax()) for _ in range(20_000)])

        found = torch.bincount(choices, minlength=4) / len(choices)
        assert torch.allclose(found, scores.softmax(-1)[0], atol=0.015)


class TestPrepare:
    def test_refuses_more_than_the_context(self, engine):
        with pytest.raises(RequestError, match=f"this endpoint takes {CONTEXT - 1}") as caught:
            engine.prepare(request(messages=[{"role": "user", "content": "word " * CONTEXT}]))
        assert caught.value.code == "context_length_exceeded"

    def test_refuses_more_than_the_endpoint_takes(self, model_dir):
        engine = Engine.load(model_dir, Runtime(max_input_tokens=3), use_gpu=False)

        with pytest.raises(RequestError, match="this endpoint takes 3"):
            engine.prepare(request())

    def test_refuses_a_longer_answer_than_it_gives(self, engine):
        with pytest.raises(RequestError, match="41 tokens of answer are asked for") as caught:
            engine.prepare(request(max_tokens=41))
        assert caught.value.param == "max_tokens"

    def test_never_plans_beyond_the_context(self, model_dir):
        engine = Engine.load(model_dir, Runtime(max_output_tokens=10_000), use_gpu=False)

        ask = engine.prepare(request())

        assert len(ask.ids) + ask.max_tokens == CONTEXT


class TestLoad:
    def test_refuses_a_tokenizer_that_cannot_chat(self, model_dir, tmp_path):
        for path in model_dir.iterdir():
            if path.name != "chat_template.jinja":
                (tmp_path / path.name).write_bytes(path.read_bytes())

        with pytest.raises(ModelError, match="lacks a chat template"):
            Engine.load(tmp_path, Runtime(), use_gpu=False)

    def test_refuses_a_folder_without_weights(self, model_dir, tmp_path):
        for path in model_dir.iterdir():
            if path.suffix != ".safetensors":
                (tmp_path / path.name).write_bytes(path.read_bytes())

        with pytest.raises(ModelError, match="no causal language model that can be read"):
            Engine.load(tmp_path, Runtime(), use_gpu=False)

    @pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
    def test_refuses_a_gpu_that_is_not_there(self, model_dir):
        with pytest.raises(ModelError, match="asks for a GPU and this machine offers none"):
            Engine.load(model_dir, Runtime(), use_gpu=True)
