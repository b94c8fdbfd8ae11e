"""Asking for an evaluation."""

from collections.abc import Sequence

from django.db import transaction

from apps.accounts.models import Project, Team, User
from apps.accounts.permissions import Permission
from apps.accounts.selectors import require, require_on_team
from apps.catalog.models import ModelVersion
from apps.core.reconcile import wake
from apps.datasets.models import DatasetVersion
from apps.evaluation import rules
from apps.evaluation.errors import RunRulesBrokenError
from apps.evaluation.metrics import METRICS
from apps.evaluation.models import EvaluationRun
from apps.governance.services import record_event

DEFAULT_NEW_TOKENS = 32


@transaction.atomic
def start_run(
    *,
    actor: User,
    model: ModelVersion,
    dataset: DatasetVersion,
    team: Team | None = None,
    project: Project | None = None,
    metrics: Sequence[str] = tuple(METRICS),
    sample_size: int | None = None,
    seed: int = 0,
    max_new_tokens: int = DEFAULT_NEW_TOKENS,
    run_type: str = EvaluationRun.Type.AUTOMATED,
) -> EvaluationRun:
    """Have `model` answer samples of `dataset`.

    Args:
        team, project: who owns the run; None for the model's team and project.
        sample_size: how many rows are drawn with `seed`; None for all.
        max_new_tokens: the most that an answer may have.

    Raises:
        RunRulesBrokenError: names every rule that is broken.
    """
    require(actor, Permission.USE, model)
    require(actor, Permission.USE, dataset)
    if team is None:
        team, project = model.owner_team, model.project
    require_on_team(actor, Permission.EDIT, team, project)
    # Held until the run is written, so that it names the bytes that were looked at.
    model = ModelVersion.objects.select_for_update(no_key=True, of=("self",)).get(pk=model.pk)
    dataset = DatasetVersion.objects.select_for_update(no_key=True, of=("self",)).get(pk=dataset.pk)
    size = min(dataset.row_count, rules.SAMPLES_MAX) if sample_size is None else sample_size
    asked = rules.Asked(model, dataset, run_type, tuple(metrics), size, max_new_tokens)
    if broken := rules.broken_rules(asked):
        count = "a rule" if len(broken) == 1 else f"{len(broken)} rules"
        raise RunRulesBrokenError(count=count, why=" ".join(rule.message for rule in broken), rules=broken)
    run = EvaluationRun.objects.create(
        owner_team=team,
        project=project,
        run_type=run_type,
        model_version=model,
        model_digest=model.digest,
        dataset=dataset,
        dataset_digest=f"sha256:{dataset.sha256}",
        metrics_wanted=list(metrics),
        sample_size=size,
        seed=seed,
        settings={"max_new_tokens": max_new_tokens, "sampling": "greedy"},
        created_by=actor,
    )
    record_event(
        actor=actor,
        action="evaluationrun.start",
        subject=run,
        after={"model_digest": run.model_digest, "dataset_digest": run.dataset_digest, "samples": size, "seed": seed},
    )
    wake(run)
    return run
