"""The rules that an evaluation keeps, each a small function; all broken ones are named at once.

A rule is called by its function's name. One that cannot be judged, because another is broken, keeps silent.
"""

from collections.abc import Callable
from dataclasses import dataclass

from apps.catalog.models import ModelVersion
from apps.core.errors import BrokenRule
from apps.datasets.models import DatasetVersion
from apps.datasets.states import DatasetStatus
from apps.evaluation.metrics import METRICS
from apps.evaluation.models import EvaluationRun

ASKABLE = (DatasetVersion.Type.EVAL_SET, DatasetVersion.Type.SFT_PAIR)
SAMPLES_MAX = 20_000
NEW_TOKENS_MAX = 4096


@dataclass(frozen=True, slots=True)
class Asked:
    """What an evaluation is asked to do."""

    model: ModelVersion
    dataset: DatasetVersion
    run_type: str
    metrics: tuple[str, ...]
    sample_size: int
    max_new_tokens: int


@dataclass(frozen=True, slots=True)
class Fault:
    """Where a rule is broken, why, and how to mend it."""

    field: str
    message: str
    mend: str


def broken_rules(asked: Asked) -> list[BrokenRule]:
    """Return every rule that `asked` breaks."""
    found = [(rule.__name__, rule(asked)) for rule in RULES]
    return [BrokenRule(name, fault.field, fault.message, fault.mend) for name, fault in found if fault is not None]


def run_type_runnable_here(asked: Asked) -> Fault | None:
    if asked.run_type == EvaluationRun.Type.AUTOMATED:
        return None
    why = f"An evaluation of the kind {asked.run_type} is not started this way here."
    return Fault("run_type", why, "Start an automated one; people review its answers in a campaign of it.")


def model_can_answer_here(asked: Asked) -> Fault | None:
    if asked.model.type == ModelVersion.Type.EXTERNAL:
        why = f"'{asked.model}' runs elsewhere; only models with files answer evaluations here."
        return Fault("model_id", why, "Name a model that has files.")
    if not asked.model.digest:
        return Fault("model_id", f"'{asked.model}' has no files.", "Upload its weights and configuration first.")
    return None


def dataset_asks_questions(asked: Asked) -> Fault | None:
    if asked.dataset.type in ASKABLE:
        return None
    why = f"'{asked.dataset}' is a {asked.dataset.type}, which has no prompts with references."
    return Fault("dataset_id", why, f"Name a dataset of type {' or '.join(ASKABLE)}.")


def dataset_approved(asked: Asked) -> Fault | None:
    if asked.dataset.status == DatasetStatus.APPROVED:
        return None
    status = asked.dataset.get_status_display().lower()
    why = f"'{asked.dataset}' is {status}; models are measured on approved datasets only."
    return Fault("dataset_id", why, "Submit it for review and have it approved, or name an approved version.")


def metrics_known(asked: Asked) -> Fault | None:
    unknown = [name for name in asked.metrics if name not in METRICS]
    if unknown:
        why = f"There is no metric '{unknown[0]}'."
        return Fault("metrics", why, f"Use {', '.join(METRICS)}.")
    if len(set(asked.metrics)) < len(asked.metrics) or not asked.metrics:
        return Fault("metrics", "Each metric is named once, and at least one.", f"Use {', '.join(METRICS)}.")
    return None


def sample_size_within_dataset(asked: Asked) -> Fault | None:
    rows = asked.dataset.row_count
    if asked.sample_size <= min(rows, SAMPLES_MAX):
        return None
    if asked.sample_size > rows:
        why = f"'{asked.dataset}' has {rows} rows, fewer than {asked.sample_size}."
        return Fault("sample_size", why, f"Use at most {rows}, or leave it out for all.")
    why = f"{asked.sample_size} samples are more than an evaluation takes here."
    return Fault("sample_size", why, f"Use at most {SAMPLES_MAX}.")


def answer_fits_in_context(asked: Asked) -> Fault | None:
    context = asked.model.facts.get("max_position_embeddings")
    if context is None or asked.max_new_tokens < context:
        return None
    why = f"An answer of {asked.max_new_tokens} tokens leaves no room for a question in a context of {context}."
    return Fault("max_new_tokens", why, f"Use fewer than {context}.")


RULES: tuple[Callable[[Asked], Fault | None], ...] = (
    run_type_runnable_here,
    model_can_answer_here,
    dataset_asks_questions,
    dataset_approved,
    metrics_known,
    sample_size_within_dataset,
    answer_fits_in_context,
)
