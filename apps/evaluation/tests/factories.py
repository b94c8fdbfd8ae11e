"""Runs, campaigns and reviews in every state, reached through the services that users go through."""

import time

from apps.accounts.models import Team, User
from apps.core.reconcile import reconcile
from apps.datasets.models import DatasetVersion
from apps.datasets.tests import factories as datasets
from apps.evaluation import services
from apps.evaluation.models import EvaluationRun, Review, ReviewCampaign
from apps.evaluation.states import RunStatus

PATIENCE_S = 20.0
ROWS = [{"prompt": f"Question {number}?", "response": f"Answer {number}."} for number in range(1, 13)]


def heldout(actor: User, approver: User, team: Team, **more: object) -> DatasetVersion:
    """Twelve questions; the fake program answers all but every third as they are to be answered."""
    return datasets.approved(actor, approver, team, ROWS, **{"name": "heldout", "type": "eval_set"} | more)


def look(run: EvaluationRun) -> EvaluationRun:
    """Have the run looked at once, and return it as it is then."""
    reconcile(EvaluationRun, run.pk, services.step, give_up=services.give_up)
    run.refresh_from_db()
    return run


def look_until(run: EvaluationRun, status: str) -> EvaluationRun:
    """Have the run looked at until it has a status."""
    deadline = time.monotonic() + PATIENCE_S
    while run.status != status:
        assert time.monotonic() < deadline, f"{run.status}: {run.status_reason} {run.trouble}"
        assert not run.is_final, f"{run.status}: {run.status_reason}"
        look(run)
        time.sleep(0.02)
    return run


def done(run: EvaluationRun) -> EvaluationRun:
    return look_until(run, RunStatus.SUCCEEDED)


def review(reviewer: User, campaign: ReviewCampaign, *, acceptable: bool = True) -> Review:
    """Claim the next task and answer it."""
    task = services.claim_task(actor=reviewer, campaign=campaign)
    assert task is not None
    return services.submit_review(actor=reviewer, task=task, acceptable=acceptable)
