"""The command `generate`: answers of a model to a file of prompts."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from apps.training.program.base_model import end_tokens, load_model, load_tokenizer
from apps.training.program.device import choose_device, memory_watched
from apps.training.program.errors import DataError
from apps.training.program.folder import JobFolder, Lines, Record
from apps.training.program.output import model_facts, process_facts
from apps.training.program.spec import Generate, GenerateSpec
from apps.training.program.tokenizer import make_ready_to_chat


class Prompt(BaseModel):
    """One line of the prompts file. `prompt` is short for one message of the user."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    index: int
    prompt: str | None = None
    messages: list[dict[str, str]] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "Prompt":
        if (self.prompt is None) == (self.messages is None):
            raise ValueError('give either "prompt" or "messages"')
        return self

    @property
    def conversation(self) -> list[dict[str, str]]:
        return self.messages or [{"role": "user", "content": self.prompt or ""}]


@dataclass(frozen=True, slots=True)
class Question:
    index: int
    ids: list[int]


def generate(spec: GenerateSpec, folder: JobFolder) -> None:
    """Answer every prompt greedily and append the answers to predictions.jsonl; those already there are kept.

    Raises:
        DataError: a prompt is malformed, or too long for the model; nothing is answered then.
        ModelError: the model cannot be read.
    """
    asked, started = spec.generate, time.monotonic()
    device = choose_device(use_gpu=asked.use_gpu, precision="fp32")
    folder.phase("loading")
    prompts = read_prompts(asked.prompts_file)
    tokenizer = load_tokenizer(asked.model_dir)
    make_ready_to_chat(tokenizer)
    model = load_model(asked.model_dir, device).eval()
    questions = encode(prompts, tokenizer, room=model.config.max_position_embeddings - asked.max_new_tokens)
    folder.phase("generating")
    predictions = Lines(folder.path / "predictions.jsonl")
    done = {line["index"] for line in predictions}
    # Neighbours in length share a batch, so that little of it is padding.
    left = sorted((q for q in questions if q.index not in done), key=lambda question: len(question.ids))
    for start in range(0, len(left), asked.batch_size):
        for line in answer(left[start : start + asked.batch_size], model, tokenizer, asked):
            predictions.append(line)
        done_now = len(questions) - len(left) + min(start + asked.batch_size, len(left))
        folder.metric(done_now, len(questions), {"answered": float(done_now)})
    seconds = round(time.monotonic() - started, 1)
    facts = {"prompts": len(questions), **model_facts(model), **device.facts(), **process_facts(), "seconds": seconds}
    folder.write_facts(facts)


def read_prompts(path: Path) -> list[Prompt]:
    """Return the prompts in a JSON Lines file.

    Raises:
        DataError: the file is missing or empty, a line is malformed, or two lines bear the same index.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise DataError(f"The prompts file {path.name} cannot be read: {error.strerror}.") from error
    prompts = [_prompt(line, f"{path.name} line {number}") for number, line in enumerate(lines, start=1)]
    if not prompts:
        raise DataError(f"The prompts file {path.name} is empty.")
    if len({prompt.index for prompt in prompts}) < len(prompts):
        raise DataError(f"In {path.name} two lines bear the same index; number them without repetition.")
    return prompts


def _prompt(line: bytes, where: str) -> Prompt:
    try:
        return Prompt.model_validate_json(line)
    except ValidationError as error:
        message = error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
        raise DataError(f"{where}: {message}.") from error


def encode(prompts: Iterable[Prompt], tokenizer: PreTrainedTokenizerBase, *, room: int) -> list[Question]:
    """Return the prompts as tokens, as the model is to see them.

    Raises:
        DataError: a prompt has more than `room` tokens, so that its answer would not fit in the model's context.
    """
    questions = []
    for prompt in prompts:
        text = tokenizer.apply_chat_template(prompt.conversation, tokenize=False, add_generation_prompt=True)
        questions.append(Question(prompt.index, tokenizer.encode(text, add_special_tokens=False)))
    too_long = [question for question in questions if len(question.ids) > room]
    if too_long:
        raise DataError(
            f"{len(too_long)} prompts are too long for the model, the first at index {too_long[0].index} with "
            f"{len(too_long[0].ids)} tokens; beside the answer there is room for {room}. Shorten them or lower "
            "max_new_tokens."
        )
    return questions


def answer(
    questions: list[Question], model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, asked: Generate
) -> list[Record]:
    """Return one line of predictions.jsonl per question; `latency_ms` is that of the whole batch."""
    ends = end_tokens(model, tokenizer)
    padded = tokenizer.pad({"input_ids": [q.ids for q in questions]}, padding_side="left", return_tensors="pt")
    started = time.perf_counter()
    with torch.inference_mode(), memory_watched("lower generate.batch_size"):
        produced = model.generate(
            **padded.to(model.device),
            max_new_tokens=asked.max_new_tokens,
            do_sample=False,
            eos_token_id=ends,
            pad_token_id=tokenizer.pad_token_id,
        )
    latency_ms = round((time.perf_counter() - started) * 1000, 1)
    width = padded["input_ids"].shape[1]
    lines = []
    for question, ids in zip(questions, produced[:, width:].tolist(), strict=True):
        length = next((n for n, token in enumerate(ids, start=1) if token in ends), len(ids))
        lines.append(
            {
                "index": question.index,
                "prediction": tokenizer.decode(ids[:length], skip_special_tokens=True),
                "prompt_tokens": len(question.ids),
                "completion_tokens": length,
                "latency_ms": latency_ms,
            }
        )
    return lines
