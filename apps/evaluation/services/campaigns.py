"""Asking people about the answers of a run."""

from django.db import transaction

from apps.accounts.models import User
from apps.accounts.permissions import Permission
from apps.accounts.selectors import require
from apps.evaluation.errors import CampaignTooLargeError, RunNotDoneError
from apps.evaluation.models import EvaluationRun, ReviewCampaign, ReviewTask
from apps.evaluation.sampling import drawn
from apps.evaluation.states import RunStatus
from apps.governance.services import record_event
from apps.governance.subjects import people_of

DEFAULT_QUESTION = "Is this answer acceptable?"


@transaction.atomic
def open_campaign(
    *,
    actor: User,
    run: EvaluationRun,
    sample_size: int,
    seed: int = 0,
    title: str,
    question: str = DEFAULT_QUESTION,
    guidelines: str = "",
) -> ReviewCampaign:
    """Put `sample_size` answers of a run, drawn with `seed`, into the reviewers' queue.

    Raises:
        RunNotDoneError: the run has not succeeded.
        CampaignTooLargeError: it has fewer answers.
    """
    require(actor, Permission.EDIT, run)
    if run.status != RunStatus.SUCCEEDED:
        raise RunNotDoneError(status=run.get_status_display().lower())
    samples = {sample.index: sample for sample in run.samples.all()}
    if sample_size > len(samples):
        raise CampaignTooLargeError(samples=len(samples), asked=sample_size)
    campaign = ReviewCampaign.objects.create(
        owner_team=run.owner_team,
        project=run.project,
        run=run,
        title=title,
        question=question,
        guidelines=guidelines,
        sample_size=sample_size,
        seed=seed,
        barred=sorted({*people_of(run.model_version), run.created_by_id, actor.pk}),
        created_by=actor,
    )
    chosen = drawn(samples, sample_size, seed=seed)
    ReviewTask.objects.bulk_create(ReviewTask(campaign=campaign, sample=samples[index]) for index in chosen)
    record_event(
        actor=actor,
        action="reviewcampaign.open",
        subject=campaign,
        after={"run": str(run.pk), "samples": sample_size, "seed": seed, "question": question},
    )
    return campaign
