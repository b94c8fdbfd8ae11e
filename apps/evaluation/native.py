"""What the training program is given to answer the samples of a run."""

import json
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from apps.datasets.models import DatasetVersion
from apps.datasets.selectors import iterate_rows
from apps.evaluation.models import EvaluationRun, Sample

MODEL = "model"
PROMPTS = "prompts.jsonl"
BATCH_SIZE = 16


def program_spec(run: EvaluationRun) -> dict[str, Any]:
    """Return the program's `spec.json`. Paths are relative to the run's folder."""
    return {
        "job_id": str(run.pk),
        "name": str(run),
        "command": "generate",
        "seed": run.seed,
        "generate": {
            "model_dir": MODEL,
            "prompts_file": PROMPTS,
            "max_new_tokens": run.settings["max_new_tokens"],
            "batch_size": BATCH_SIZE,
        },
    }


def prompts_file(samples: Iterable[Sample]) -> bytes:
    """Return the questions, one JSON object a line."""
    lines = (json.dumps({"index": sample.index, "prompt": sample.prompt}, ensure_ascii=False) for sample in samples)
    return "".join(f"{line}\n" for line in lines).encode()


def rows_of(dataset: DatasetVersion, chosen: Collection[int]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the chosen rows of a dataset with their numbers, from 0."""
    for index, row in enumerate(iterate_rows(dataset)):
        if index in chosen:
            yield index, row
