"""Jobs and what they need, in every state, reached through the services that users go through."""

import time
from pathlib import Path
from typing import Any

from apps.accounts.models import Team, User
from apps.catalog.models import ModelVersion
from apps.catalog.tests import factories as catalog
from apps.core.reconcile import reconcile
from apps.datasets.models import DatasetVersion
from apps.datasets.tests import factories as datasets
from apps.training import services
from apps.training.models import TrainingJob

PATIENCE_S = 20.0
HYPERPARAMS = {"lr": 1e-3, "batch_size": 8, "num_epochs": 1, "max_seq_len": 64}
ARCHITECTURE = {
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "vocab_size": 400,
    "max_position_embeddings": 128,
}


def corpus(actor: User, approver: User, team: Team, **more: object) -> DatasetVersion:
    rows = [{"text": f"Text number {number} about refunds and parcels."} for number in range(20)]
    return datasets.approved(actor, approver, team, rows, **{"name": "corpus", "type": "pretrain_corpus"} | more)


def pairs(actor: User, approver: User, team: Team, **more: object) -> DatasetVersion:
    return datasets.approved(actor, approver, team, **{"name": "pairs", "type": "sft_pair"} | more)


def base_model(actor: User, approver: User, team: Team, folder: Path, **more: object) -> ModelVersion:
    return catalog.approved(actor, approver, team, folder, **{"name": "tiny-base"} | more)


def pretrain_spec(dataset: DatasetVersion, **more: Any) -> dict[str, Any]:
    return {
        "job_type": "PRETRAIN",
        "model_family": "llama",
        "dataset_ref": {"name": dataset.name, "version": dataset.version, "type": dataset.type},
        "hyperparams": HYPERPARAMS,
        "architecture": ARCHITECTURE,
        "output": {"artifact_name": "voc-base"},
    } | more


def sft_spec(dataset: DatasetVersion, base: ModelVersion, **more: Any) -> dict[str, Any]:
    return {
        "job_type": "SFT",
        "model_family": "llama",
        "base_model_ref": f"{base.name}:{base.version}",
        "dataset_ref": {"name": dataset.name, "version": dataset.version, "type": dataset.type},
        "hyperparams": HYPERPARAMS,
        "method": "lora",
        "output": {"artifact_name": "voc-classifier"},
    } | more


def look(job: TrainingJob) -> TrainingJob:
    """Have the job looked at once, and return it as it is then."""
    reconcile(TrainingJob, job.pk, services.step, give_up=services.give_up)
    job.refresh_from_db()
    return job


def look_until(job: TrainingJob, status: str) -> TrainingJob:
    """Have the job looked at until it has a status."""
    deadline = time.monotonic() + PATIENCE_S
    while job.status != status:
        assert time.monotonic() < deadline, f"{job.status}: {job.status_reason} {job.trouble}"
        assert not job.is_final, f"{job.status}: {job.status_reason}"
        look(job)
        time.sleep(0.02)
    return job
