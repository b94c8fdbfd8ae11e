"""From a specification to a queued job."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from apps.accounts.models import Project, Team, User
from apps.accounts.permissions import Permission
from apps.accounts.selectors import require_on_team
from apps.catalog.models import ModelVersion
from apps.core.canonical import digest_of
from apps.core.errors import BrokenRule
from apps.core.reconcile import wake
from apps.datasets.models import DatasetVersion
from apps.governance.services import record_event
from apps.integrations.images import training_image
from apps.training import native, rules
from apps.training.errors import SpecRulesBrokenError
from apps.training.models import TrainingJob
from apps.training.older_forms import from_older_form, is_older_form
from apps.training.services.history import note
from apps.training.spec import read_spec


def validate_spec(*, actor: User, team: Team, spec: object, project: Project | None = None) -> list[BrokenRule]:
    """Return every rule that a job with this specification would break; no job is made.

    Raises:
        SpecInvalidError: it is no specification.
    """
    require_on_team(actor, Permission.EDIT, team, project)
    return rules.broken_rules(_asked(actor, team, spec))


@transaction.atomic
def submit_job(
    *,
    actor: User,
    team: Team,
    spec: object,
    project: Project | None = None,
    retry_of: TrainingJob | None = None,
) -> TrainingJob:
    """Queue a job that trains by `spec`, a TrainJobSpec or the older form.

    Raises:
        SpecInvalidError: it is no specification; names every field.
        SpecRulesBrokenError: names every rule that it breaks.
    """
    require_on_team(actor, Permission.EDIT, team, project)
    job = _job_for(actor, team, spec)
    job.project, job.retry_of = project, retry_of
    job.save(force_insert=True)
    note(job, "submitted", f"Submitted by {actor.label}.")
    record_event(
        actor=actor,
        action="trainingjob.submit",
        subject=job,
        after={
            "spec_digest": job.spec_digest,
            "dataset": str(job.dataset_id),
            "base_model": str(job.base_model_id or ""),
            "retry_of": str(job.retry_of_id or ""),
        },
    )
    wake(job)
    return job


def render_job(*, actor: User, team: Team, spec: object, project: Project | None = None) -> dict[str, Any]:
    """Return the native forms that a job with this specification would turn into; no job is made.

    Raises:
        SpecInvalidError, SpecRulesBrokenError: see `submit_job`.
    """
    require_on_team(actor, Permission.EDIT, team, project)
    job = _job_for(actor, team, spec)
    return {"local": native.local_form(job), "mlflow": native.mlflow_form(job)}


def _asked(actor: User, team: Team, spec: object) -> rules.Asked:
    if isinstance(spec, Mapping) and is_older_form(spec):
        spec = from_older_form(spec, actor=actor)
    return rules.resolve(actor=actor, team=team, spec=read_spec(spec))


def _job_for(actor: User, team: Team, spec: object) -> TrainingJob:
    """Return the job, not saved, that a specification asks for."""
    asked = _asked(actor, team, spec)
    if broken := rules.broken_rules(asked):
        count = "a rule" if len(broken) == 1 else f"{len(broken)} rules"
        raise SpecRulesBrokenError(count=count, why=" ".join(rule.message for rule in broken), rules=broken)
    dataset, base_model = asked.dataset, asked.base_model
    assert dataset is not None, "a broken rule says so otherwise"  # noqa: S101
    accepted = _pinned(asked.spec, dataset, base_model)
    return TrainingJob(
        owner_team=team,
        job_type=accepted["job_type"],
        spec=accepted,
        spec_digest=digest_of(accepted),
        image=training_image(accepted["job_type"], accepted["use_gpu"]),
        orchestrator=asked.orchestrator,
        dataset=dataset,
        base_model=base_model,
        created_by=actor,
    )


def _pinned(spec: dict[str, Any], dataset: DatasetVersion, base_model: ModelVersion | None) -> dict[str, Any]:
    """Return the specification as it is accepted: with the dataset's bytes, and the base model by its id."""
    reference = {**spec["dataset_ref"], "storage_uri": dataset.storage_uri}
    return {**spec, "dataset_ref": reference, "base_model_ref": str(base_model.pk) if base_model else None}
