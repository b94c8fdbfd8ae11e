"""Reads of evaluation: runs, their samples, and the queue of review tasks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.permissions import Permission
from apps.accounts.selectors import visible_to
from apps.core.errors import NotFoundError
from apps.evaluation.comparison import RUNS_MAX, Comparison, compare_runs
from apps.evaluation.errors import NotComparableError, RunNotDoneError
from apps.evaluation.models import EvaluationRun, Review, ReviewCampaign, ReviewTask, Sample
from apps.evaluation.states import RunStatus, TaskStatus


class RunFilter(TypedDict, total=False):
    """What a list of runs can be narrowed by; `since` and `until` are of the time of creation."""

    q: str
    status: str
    run_type: str
    owner_team: str
    model_id: UUID
    dataset_id: UUID
    since: datetime
    until: datetime


LOOKUP_OF = {
    "q": "model_version__name__icontains",
    "status": "status",
    "run_type": "run_type",
    "owner_team": "owner_team__slug",
    "model_id": "model_version_id",
    "dataset_id": "dataset_id",
    "since": "created_at__gte",
    "until": "created_at__lt",
}


def visible_runs(*, actor: User) -> QuerySet[EvaluationRun]:
    """Runs that `actor` may see, newest first. Every read of a run starts here."""
    runs = EvaluationRun.objects.select_related("owner_team", "project", "model_version", "dataset", "created_by")
    return visible_to(actor, runs.order_by("-id"))


def filtered_runs(*, actor: User, asked: RunFilter) -> QuerySet[EvaluationRun]:
    """Visible runs, narrowed by what was asked."""
    wanted = {LOOKUP_OF[name]: value for name, value in asked.items() if value}
    return visible_runs(actor=actor).filter(**wanted)


def samples_of(run: EvaluationRun) -> QuerySet[Sample]:
    """The samples of a run, by row of the dataset; the caller has checked that the run may be seen."""
    return run.samples.order_by("index")


def comparable_runs(*, actor: User, run: EvaluationRun) -> QuerySet[EvaluationRun]:
    """Other succeeded runs that were asked the same questions, newest first."""
    same = visible_runs(actor=actor).filter(dataset_digest=run.dataset_digest, status=RunStatus.SUCCEEDED)
    return same.exclude(pk=run.pk)


def visible_campaigns(*, actor: User) -> QuerySet[ReviewCampaign]:
    """Campaigns that `actor` may see, newest first."""
    return visible_to(
        actor, ReviewCampaign.objects.select_related("run", "created_by", "owner_team", "project").order_by("-id")
    )


def campaigns_of(run: EvaluationRun) -> QuerySet[ReviewCampaign]:
    """The campaigns of a run, newest first, with how many of their tasks are `done` and found `acceptable`."""
    acceptable = Count("tasks", filter=Q(tasks__review__acceptable=True))
    done = Count("tasks", filter=Q(tasks__status=TaskStatus.DONE))
    return run.campaigns.select_related("created_by").annotate(done=done, acceptable=acceptable).order_by("-id")


def visible_tasks(*, actor: User) -> QuerySet[ReviewTask]:
    """Review tasks of teams where `actor` may read."""
    return visible_to(actor, ReviewTask.objects.select_related("campaign", "sample"))


def waiting_tasks(*, actor: User) -> QuerySet[ReviewTask]:
    """Tasks that `actor` could answer now, oldest first: open, or claimed by nobody else; of no own work."""
    expired = Q(status=TaskStatus.CLAIMED) & (Q(claimed_until__lt=timezone.now()) | Q(claimed_by=actor))
    tasks = ReviewTask.objects.filter(Q(status=TaskStatus.OPEN) | expired).exclude(
        campaign__barred__contains=[actor.pk]
    )
    return visible_to(actor, tasks, Permission.REVIEW).order_by("id")


def changeable_review(*, actor: User) -> Review | None:
    """Return the newest review of `actor` that can still be changed, since its task's lease has not ended."""
    reviews = Review.objects.filter(reviewer=actor, task__claimed_until__gte=timezone.now())
    return reviews.select_related("task__campaign", "task__sample").order_by("-at").first()


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits for a reviewer.

    Attributes:
        waiting: how many tasks.
        campaigns: the same by campaign: its id, its question, how many.
        task: the one that is lent to them now, if one is.
    """

    waiting: int
    campaigns: list[dict[str, Any]]
    task: ReviewTask | None


def queue_of(*, actor: User) -> Queue:
    """Return what waits for `actor` to review; a constant number of queries."""
    waiting = waiting_tasks(actor=actor)
    by_campaign = waiting.order_by("campaign_id").values("campaign_id", question=F("campaign__question"))
    campaigns: list[dict[str, Any]] = [dict(entry) for entry in by_campaign.annotate(waiting=Count("id"))]
    lent = waiting.filter(status=TaskStatus.CLAIMED, claimed_by=actor, claimed_until__gte=timezone.now())
    task = lent.select_related("campaign", "sample").first()
    return Queue(sum(entry["waiting"] for entry in campaigns), campaigns, task)


def comparison(*, actor: User, ids: Sequence[str]) -> Comparison:
    """Return the comparison of the runs with these ids; the first is the baseline.

    Raises:
        NotComparableError: they are not two to six different ids.
        NotFoundError: one of them is none that `actor` may see.
        RunNotDoneError: one has not succeeded.
    """
    try:
        wanted = list(dict.fromkeys(UUID(given.strip()) for given in ids))
    except ValueError:
        raise NotComparableError(most=RUNS_MAX, fields={"ids": ["Give ids, separated by commas."]}) from None
    if not 2 <= len(wanted) <= RUNS_MAX:
        raise NotComparableError(most=RUNS_MAX, fields={"ids": [f"These are {len(wanted)} different ids."]})
    runs = visible_runs(actor=actor).in_bulk(wanted)
    if len(runs) < len(wanted):
        raise NotFoundError
    for run in runs.values():
        if run.status != RunStatus.SUCCEEDED:
            raise RunNotDoneError(status=run.get_status_display().lower())
    return compare_runs([runs[run_id] for run_id in wanted])
