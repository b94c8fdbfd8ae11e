"""The older form of a training job, `{"job_type": "finetune" | "from_scratch" | "pretrain" | "distributed", ...}`.

It named things by id, left much to defaults, and told only roughly what kind of job was meant; the dataset's type tells
the rest.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from apps.accounts.models import User
from apps.core.api.inputs import snake_case
from apps.datasets.models import DatasetVersion
from apps.training import selectors
from apps.training.errors import SpecInvalidError

OLDER_JOB_TYPES = ("finetune", "from_scratch", "pretrain", "distributed")
RENAMED = {"hyperparameters": "hyperparams", "base_model_id": "base_model_ref", "model_id": "base_model_ref"}
RENAMED_HYPERPARAMS = {"learning_rate": "lr", "epochs": "num_epochs", "max_length": "max_seq_len"}
DEFAULT_HYPERPARAMS = {"lr": 1e-4, "batch_size": 8, "num_epochs": 1, "max_seq_len": 512}
TYPE_OF_DATASET: dict[str, str] = {
    DatasetVersion.Type.PRETRAIN_CORPUS.value: "PRETRAIN",
    DatasetVersion.Type.SFT_PAIR.value: "SFT",
    DatasetVersion.Type.RAG_QA.value: "RAG_TUNING",
    DatasetVersion.Type.RLHF_PAIR.value: "RLHF",
    DatasetVersion.Type.EMBEDDING_PAIR.value: "EMBEDDING",
}


def is_older_form(raw: object) -> bool:
    """Tell whether `raw` is of the older form, by its job type."""
    return isinstance(raw, Mapping) and (raw.get("job_type") or raw.get("jobType")) in OLDER_JOB_TYPES


def from_older_form(raw: Mapping[str, Any], *, actor: User) -> dict[str, Any]:
    """Return the TrainJobSpec that an older form means; what it leaves out gets a default.

    Raises:
        SpecInvalidError: `dataset_id` or the base model's id names nothing that `actor` may use.
    """
    spec = _renamed({snake_case(str(name)): value for name, value in raw.items()}, RENAMED)
    older_type = spec["job_type"]
    if "dataset_id" in spec:
        spec["dataset_ref"] = _dataset_ref(actor, spec.pop("dataset_id"))
    spec["job_type"] = _job_type(older_type, spec)
    if isinstance(hyperparams := spec.get("hyperparams", {}), Mapping):
        spec["hyperparams"] = DEFAULT_HYPERPARAMS | _renamed(hyperparams, RENAMED_HYPERPARAMS)
    if older_type == "distributed":
        spec["resources"] = _with_defaults({"nodes": 2}, spec.get("resources"))
    if "name" in spec:
        spec["output"] = _with_defaults({"artifact_name": spec.pop("name")}, spec.get("output"))
    if "model_family" not in spec and spec.get("base_model_ref"):
        spec["model_family"] = _family(actor, spec["base_model_ref"])
    return spec


def _renamed(given: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {names.get(name, name): value for name, value in given.items()}


def _with_defaults(defaults: Mapping[str, Any], given: object) -> Any:
    """Return an object with what it leaves out; what is no object is left for the specification's rules to refuse."""
    if not given:
        return dict(defaults)
    return {**defaults, **given} if isinstance(given, Mapping) else given


def _job_type(older: str, spec: Mapping[str, Any]) -> str:
    if older in ("from_scratch", "pretrain"):
        return "PRETRAIN"
    if older == "distributed" and not spec.get("base_model_ref"):
        return "PRETRAIN"
    reference = spec.get("dataset_ref")
    named = reference.get("type") if isinstance(reference, Mapping) else None
    tuned = TYPE_OF_DATASET.get(named, "SFT") if isinstance(named, str) else "SFT"
    return "SFT" if tuned == "PRETRAIN" else tuned


def _dataset_ref(actor: User, dataset_id: object) -> dict[str, str]:
    found = selectors.usable_dataset(actor=actor, dataset_id=_uuid("dataset_id", dataset_id))
    if found is None:
        raise _unknown("dataset_id", dataset_id)
    return {"name": found.name, "version": found.version, "type": found.type}


def _family(actor: User, reference: object) -> str:
    found = selectors.usable_model(actor=actor, model_id=_uuid("base_model_id", reference))
    if found is None:
        raise _unknown("base_model_id", reference)
    return found.model_family


def _uuid(field: str, given: object) -> UUID:
    try:
        return UUID(str(given))
    except ValueError:
        raise _unknown(field, given) from None


def _unknown(field: str, given: object) -> SpecInvalidError:
    why = f"'{given}' names nothing that you may use."
    return SpecInvalidError(why=f"{field}: {why}", fields={field: [why]})
