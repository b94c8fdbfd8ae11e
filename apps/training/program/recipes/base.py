"""What a recipe is: the part of training that differs from one kind of job to another."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import torch
from torch.utils.data import Dataset
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from apps.training.program.device import Device
from apps.training.program.folder import JobFolder
from apps.training.program.spec import TrainSpec

Example = dict[str, Any]
Batch = dict[str, torch.Tensor]
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A training job with all that its recipe may use."""

    spec: TrainSpec
    folder: JobFolder
    device: Device


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A model, and the examples to train it on."""

    model: PreTrainedModel
    """Or the same wrapped by peft."""
    tokenizer: PreTrainedTokenizerBase
    examples: Dataset[Example]
    held_out: Dataset[Example] | None
    """Examples to measure with and never to train on; None where none were asked for."""
    collate: Callable[[list[Example]], Batch]
    facts: dict[str, Any]
    """What was made of the rows, for the job's facts."""


class Recipe(Protocol):
    methods: tuple[str, ...]
    columns: tuple[str, ...]
    """Columns that every row of the dataset must fill with text."""

    def check(self, spec: TrainSpec) -> None:
        """Raise `SpecError` for what the specification alone shows to be impossible."""

    def prepare(self, task: Task) -> Prepared:
        """Read the dataset and build or load the model.

        Raises:
            DataError, ModelError: see there.
        """


def split(rows: Sequence[T], fraction: float, *, seed: int) -> tuple[list[T], list[T]]:
    """Return `rows` as those to train on and those held out, each in their order.

    At least one row is held out where `fraction` is above zero and there are two rows or more.
    """
    count = min(max(1, round(len(rows) * fraction)), len(rows) - 1) if fraction else 0
    chosen = set(random.Random(seed).sample(range(len(rows)), count))  # noqa: S311 - a split, not a secret
    kept = [row for index, row in enumerate(rows) if index not in chosen]
    return kept, [rows[index] for index in sorted(chosen)]
