"""SFT: a base model learns to answer prompts as the rows do; only the answer's tokens count."""

from pathlib import Path
from typing import Any

import torch
from torch.nn.utils.rnn import pad_sequence
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from apps.training.program.adapters import add_lora
from apps.training.program.base_model import load_model, load_tokenizer
from apps.training.program.errors import DataError, ModelError, SpecError
from apps.training.program.folder import JobFolder
from apps.training.program.recipes.base import Batch, Example, Prepared, Task, split
from apps.training.program.rows import read_rows
from apps.training.program.spec import TrainSpec
from apps.training.program.tokenizer import make_ready_to_chat

# What the loss of transformers' models leaves out.
IGNORED = -100


class Sft:
    methods = ("full", "lora")
    columns = ("prompt", "response")

    def check(self, spec: TrainSpec) -> None:
        _base_folder(spec)

    def prepare(self, task: Task) -> Prepared:
        train, hyperparams = task.spec.train, task.spec.train.hyperparams
        model, tokenizer = _base(task)
        rows = read_rows(task.spec.dataset_files, self.columns)
        examples = [encode(row["prompt"], row["response"], tokenizer) for row in rows]
        fitting = _fitting(examples, hyperparams.max_seq_len, task.folder)
        kept, aside = split(fitting, hyperparams.eval_fraction, seed=task.spec.seed)
        facts: dict[str, Any] = {
            "rows": len(kept),
            "rows_held_out": len(aside),
            "rows_left_out": len(examples) - len(fitting),
        }
        if train.method == "lora":
            model = add_lora(model, hyperparams.lora)
            facts["lora"] = hyperparams.lora.model_dump()
        return Prepared(
            model=model,
            tokenizer=tokenizer,
            examples=kept,
            held_out=aside or None,
            collate=Padding(tokenizer.pad_token_id),
            facts=facts,
        )


def _base_folder(spec: TrainSpec) -> Path:
    if spec.base_model_dir is None:
        raise SpecError("SFT needs a base model; give its folder in base_model_dir.")
    return spec.base_model_dir


def _base(task: Task) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    folder, train = _base_folder(task.spec), task.spec.train
    tokenizer = load_tokenizer(folder)
    for addition in make_ready_to_chat(tokenizer):
        task.folder.remark(f"The base model's tokenizer lacked it: added {addition}.")
    # Frozen weights may be as coarse as the arithmetic; weights that learn keep their small updates only in fp32.
    coarse = train.method == "lora" and task.device.precision == "bf16"
    model = load_model(folder, task.device, dtype=torch.bfloat16 if coarse else torch.float32)
    limit, asked = model.config.max_position_embeddings, train.hyperparams.max_seq_len
    if asked > limit:
        raise SpecError(
            f"hyperparams.max_seq_len {asked} is more than the base model's max_position_embeddings {limit}; lower it."
        )
    return model, tokenizer


def _fitting(examples: list[Example], max_seq_len: int, folder: JobFolder) -> list[Example]:
    fitting = [example for example in examples if len(example["input_ids"]) <= max_seq_len]
    if not fitting:
        raise DataError(
            f"None of the {len(examples)} rows fits in max_seq_len {max_seq_len}; raise it or shorten the rows."
        )
    if len(fitting) < len(examples):
        longest = max(len(example["input_ids"]) for example in examples)
        folder.remark(
            f"{len(examples) - len(fitting)} of {len(examples)} rows are longer than max_seq_len {max_seq_len} (the "
            f"longest has {longest} tokens) and are left out: a cut answer teaches a model to stop in the middle.",
            level="warning",
        )
    return fitting


def encode(prompt: str, response: str, tokenizer: PreTrainedTokenizerBase) -> Example:
    """Return one row as `input_ids` and `labels`, equally long; the prompt's labels are ignored by the loss.

    The prompt is tokenised by itself, as it is when the model is asked: a token across the seam is never seen then.

    Raises:
        ModelError: the tokenizer's chat template rewrites the prompt once an answer follows it.
    """
    asked = [{"role": "user", "content": prompt}]
    before = tokenizer.apply_chat_template(asked, tokenize=False, add_generation_prompt=True)
    whole = tokenizer.apply_chat_template([*asked, {"role": "assistant", "content": response}], tokenize=False)
    if not whole.startswith(before):
        raise ModelError(
            "The base model's chat template writes a prompt differently once it is answered, so the answer's tokens "
            "cannot be told from the prompt's; give the tokenizer another chat_template."
        )
    # Whatever the template puts after the end of the turn, generation never gets there.
    after = whole[len(before) :].rstrip().removesuffix(tokenizer.eos_token)
    prompt_ids = tokenizer.encode(before, add_special_tokens=False)
    response_ids = [*tokenizer.encode(after, add_special_tokens=False), tokenizer.eos_token_id]
    return {"input_ids": prompt_ids + response_ids, "labels": [IGNORED] * len(prompt_ids) + response_ids}


class Padding:
    """Collates rows of different lengths, padded on the right."""

    def __init__(self, pad_token_id: int) -> None:
        self._pad = pad_token_id

    def __call__(self, examples: list[Example]) -> Batch:
        ids = [torch.tensor(example["input_ids"]) for example in examples]
        labels = [torch.tensor(example["labels"]) for example in examples]
        return {
            "input_ids": pad_sequence(ids, batch_first=True, padding_value=self._pad),
            # From the lengths, not the tokens: a padding token may also stand in the text.
            "attention_mask": pad_sequence([torch.ones_like(row) for row in ids], batch_first=True),
            "labels": pad_sequence(labels, batch_first=True, padding_value=IGNORED),
        }
