"""The samples of a run as a file: CSV, JSON or Parquet."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pyarrow
from pyarrow import parquet

from apps.core.cells import harmless
from apps.evaluation.models import EvaluationRun

COLUMNS = ("index", "prompt", "reference", "prediction", "prompt_tokens", "completion_tokens", "latency_ms")


def rows_of(run: EvaluationRun) -> list[dict[str, Any]]:
    """Return the samples, each with one column per metric."""
    return [
        {name: getattr(sample, name) for name in COLUMNS}
        | {metric: sample.scores.get(metric) for metric in run.metrics_wanted}
        for sample in run.samples.order_by("index")
    ]


def as_csv(run: EvaluationRun) -> bytes:
    """Return the samples as CSV. A cell that a spreadsheet would run as a formula is preceded by an apostrophe."""
    out = io.StringIO()
    writer = csv.DictWriter(out, [*COLUMNS, *run.metrics_wanted], lineterminator="\n")
    writer.writeheader()
    for row in rows_of(run):
        writer.writerow({name: harmless(value) for name, value in row.items()})
    return out.getvalue().encode()


def as_json(run: EvaluationRun) -> bytes:
    """Return the run with its results and samples as JSON."""
    document = {
        "run_id": str(run.pk),
        "model": str(run.model_version),
        "model_digest": run.model_digest,
        "dataset": str(run.dataset),
        "dataset_digest": run.dataset_digest,
        "seed": run.seed,
        "settings": run.settings,
        "results": run.results,
        "samples": rows_of(run),
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


def as_parquet(run: EvaluationRun) -> bytes:
    """Return the samples as Parquet."""
    out = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_pylist(rows_of(run)), out)
    return out.getvalue()


FORMATS: dict[str, tuple[str, Callable[[EvaluationRun], bytes]]] = {
    "csv": ("text/csv; charset=utf-8", as_csv),
    "json": ("application/json", as_json),
    "parquet": ("application/vnd.apache.parquet", as_parquet),
}
