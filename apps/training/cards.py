"""The model card of a trained model, in Markdown, written from the record of its job."""

from collections.abc import Callable
from typing import Any

from apps.core.web.formats import in_bytes, in_time
from apps.training.models import TrainingJob
from apps.training.native import flat

FIGURES: tuple[tuple[str, str, Callable[[float], str]], ...] = (
    ("train_loss", "Training loss", "{:.4g}".format),
    ("eval_loss", "Loss on rows kept out of training", "{:.4g}".format),
    ("steps", "Steps", "{:,}".format),
    ("tokens_seen", "Tokens seen", "{:,}".format),
    ("seconds", "Time of training", in_time),
    ("peak_rss_bytes", "Peak memory", in_bytes),
)


def card_of(job: TrainingJob, facts: dict[str, Any]) -> str:
    """Return the card of the model that `job` made, of which the program reported `facts`."""
    base = f" from `{job.base_model}`" if job.base_model else " from scratch"
    lines = [
        f"# {job.artifact_name}",
        "",
        f"Made by {job.get_job_type_display().lower()} ({job.spec['method']}){base}.",
        "This card was written from the record of the job; say below what the model is for.",
        "",
        "## Intended use",
        "",
        "Not stated yet. Say what it is for, and what it must not be used for.",
        "",
        "## Training data",
        "",
        f"`{job.dataset}`: {job.dataset.row_count} rows, {job.dataset.get_type_display().lower()}.",
        f"SHA-256 `{job.dataset.sha256}`.",
        "",
        "## Procedure",
        "",
        *table(flat({**job.spec["hyperparams"], "seed": job.spec["seed"]}), "Setting"),
        "",
        f"Job `{job.pk}`, image `{job.image}`.",
    ]
    if measured := {title: told(facts[name]) for name, title, told in FIGURES if facts.get(name) is not None}:
        lines += ["", "## What was measured in training", "", *table(measured, "Figure")]
    lines += ["", "## Limits", "", "Nothing but the loss has been measured so far. Evaluate it before it is used.", ""]
    return "\n".join(lines)


def table(rows: dict[str, str], title: str) -> list[str]:
    """Return a Markdown table of two columns."""
    return [f"| {title} | Value |", "| --- | --- |", *(f"| {name} | {value} |" for name, value in rows.items())]
