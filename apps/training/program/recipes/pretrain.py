"""PRETRAIN: a model from scratch, with a tokenizer of its own, on plain text."""

from collections.abc import Iterable

import numpy as np
import torch
from torch.utils.data import Dataset
from transformers import GenerationConfig, PreTrainedTokenizerBase

from apps.training.program.architectures import build_model, config_class
from apps.training.program.errors import DataError, SpecError
from apps.training.program.recipes.base import Batch, Example, Prepared, Task, split
from apps.training.program.rows import read_rows
from apps.training.program.spec import Architecture, TrainSpec
from apps.training.program.tokenizer import END_OF_TEXT, train_tokenizer


class Blocks(Dataset[Example]):
    """Texts laid end to end, each closed by an end-of-text token, and cut into blocks of `length` tokens."""

    def __init__(self, texts: Iterable[str], tokenizer: PreTrainedTokenizerBase, *, length: int) -> None:
        end = tokenizer.convert_tokens_to_ids(END_OF_TEXT)
        # Past the wrapper, which warns of texts longer than the context: these are cut here anyway.
        encode = tokenizer.backend_tokenizer.encode
        parts = [np.array([*encode(text, add_special_tokens=False).ids, end], dtype=np.int32) for text in texts]
        stream = np.concatenate(parts) if parts else np.empty(0, dtype=np.int32)
        count = len(stream) // length
        self._blocks = stream[: count * length].reshape(count, length)

    def __len__(self) -> int:
        return len(self._blocks)

    def __getitem__(self, index: int) -> Example:
        return {"input_ids": self._blocks[index]}


class Pretrain:
    methods = ("full",)
    columns = ("text",)

    def check(self, spec: TrainSpec) -> None:
        shape, hyperparams = _architecture(spec), spec.train.hyperparams
        config_class(spec.train.model_family)
        if hyperparams.max_seq_len > shape.max_position_embeddings:
            raise SpecError(
                f"hyperparams.max_seq_len {hyperparams.max_seq_len} is more than the architecture's "
                f"max_position_embeddings {shape.max_position_embeddings}; lower the one or raise the other."
            )

    def prepare(self, task: Task) -> Prepared:
        spec, shape, hyperparams = task.spec, _architecture(task.spec), task.spec.train.hyperparams
        texts = [row["text"] for row in read_rows(spec.dataset_files, self.columns)]
        kept, aside = split(texts, hyperparams.eval_fraction, seed=spec.seed)
        tokenizer = train_tokenizer(kept, vocab_size=shape.vocab_size, max_length=shape.max_position_embeddings)
        blocks = Blocks(kept, tokenizer, length=hyperparams.max_seq_len)
        if not len(blocks):
            raise DataError(
                f"The corpus of {len(kept)} texts is shorter than one block of {hyperparams.max_seq_len} tokens; "
                "add text or lower max_seq_len."
            )
        held_out = Blocks(aside, tokenizer, length=hyperparams.max_seq_len)
        model = build_model(spec.train.model_family, shape, tokenizer)
        model.generation_config = GenerationConfig(
            eos_token_id=[tokenizer.eos_token_id, tokenizer.convert_tokens_to_ids(END_OF_TEXT)],
            pad_token_id=tokenizer.pad_token_id,
        )
        return Prepared(
            model=model,
            tokenizer=tokenizer,
            examples=blocks,
            held_out=held_out if len(held_out) else None,
            collate=stack,
            facts={"rows": len(kept), "rows_held_out": len(aside), "blocks": len(blocks)},
        )


def stack(examples: list[Example]) -> Batch:
    """Return blocks of one length as a batch in which every token is to be predicted."""
    ids = torch.from_numpy(np.stack([example["input_ids"] for example in examples])).long()
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": ids.clone()}


def _architecture(spec: TrainSpec) -> Architecture:
    if spec.train.architecture is None:
        raise SpecError("PRETRAIN needs an architecture: the shape of the model to train from scratch.")
    return spec.train.architecture
