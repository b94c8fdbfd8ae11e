"""Answering review tasks. A claim is a lease: whoever walks away holds nobody up."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.permissions import Permission
from apps.accounts.selectors import require, require_somewhere
from apps.evaluation.errors import AlreadyReviewedError, OwnWorkError, TaskNotClaimedError
from apps.evaluation.models import Review, ReviewCampaign, ReviewTask
from apps.evaluation.selectors import waiting_tasks
from apps.evaluation.states import TaskStatus
from apps.governance.services import record_event

LEASE = timedelta(minutes=10)


@transaction.atomic
def claim_task(*, actor: User, campaign: ReviewCampaign | None = None) -> ReviewTask | None:
    """Lend `actor` the next task for ten minutes: the one already lent, else the oldest that waits; None without one.

    Two who ask at once get one each.

    Raises:
        PermissionRefusedError: `actor` is a reviewer of no team.
    """
    require_somewhere(actor, Permission.REVIEW)
    waiting = waiting_tasks(actor=actor)
    if campaign is not None:
        waiting = waiting.filter(campaign=campaign)
    free = waiting.select_for_update(skip_locked=True, of=("self",))
    task = free.filter(claimed_by=actor, status=TaskStatus.CLAIMED).first() or free.first()
    if task is None:
        return None
    task.status, task.claimed_by, task.claimed_until = TaskStatus.CLAIMED, actor, timezone.now() + LEASE
    task.save(update_fields=["status", "claimed_by", "claimed_until"])
    return task


@transaction.atomic
def release_task(*, actor: User, task: ReviewTask) -> ReviewTask:
    """Put a task that is lent to `actor` back into the queue.

    Raises:
        TaskNotClaimedError: it is not lent to them, or answered.
    """
    locked = _locked(actor, task)
    if locked.status != TaskStatus.CLAIMED or locked.claimed_by_id != actor.pk:
        raise TaskNotClaimedError
    locked.status, locked.claimed_by, locked.claimed_until = TaskStatus.OPEN, None, None
    locked.save(update_fields=["status", "claimed_by", "claimed_until"])
    return locked


@transaction.atomic
def submit_review(*, actor: User, task: ReviewTask, acceptable: bool, comment: str = "") -> Review:
    """Answer a task that is lent to `actor`. The same answer twice is one; another one, within the lease, replaces it.

    Raises:
        PermissionRefusedError: `actor` is no reviewer of the team.
        OwnWorkError: `actor` had a part in the model or the evaluation.
        TaskNotClaimedError: the task is not lent to them.
        AlreadyReviewedError: it has been answered, and the answer stands.
    """
    locked = _locked(actor, task)
    if actor.pk in locked.campaign.barred:
        raise OwnWorkError
    answered = Review.objects.filter(task=locked).first()
    if answered is not None:
        return _answered_again(actor, locked, answered, acceptable=acceptable, comment=comment)
    if locked.status != TaskStatus.CLAIMED or locked.claimed_by_id != actor.pk:
        raise TaskNotClaimedError
    review = Review.objects.create(
        task=locked, reviewer=actor, acceptable=acceptable, comment=comment, at=timezone.now()
    )
    locked.status = TaskStatus.DONE
    locked.save(update_fields=["status"])
    _record(actor, locked, "reviewtask.review", before=None, review=review)
    return review


@transaction.atomic
def review_and_claim_next(*, actor: User, task: ReviewTask, acceptable: bool, comment: str = "") -> ReviewTask | None:
    """Answer a task and take the next one, as a reviewer does who goes through the queue; None when nothing is left.

    Raises:
        Whatever `submit_review` raises; no task is taken then.
    """
    submit_review(actor=actor, task=task, acceptable=acceptable, comment=comment)
    return claim_task(actor=actor)


def _answered_again(actor: User, task: ReviewTask, review: Review, *, acceptable: bool, comment: str) -> Review:
    if review.reviewer_id != actor.pk:
        raise AlreadyReviewedError
    if (review.acceptable, review.comment) == (acceptable, comment):
        return review
    if task.claimed_until is None or task.claimed_until < timezone.now():
        raise AlreadyReviewedError
    before = {"acceptable": review.acceptable, "comment": review.comment}
    review.acceptable, review.comment, review.at = acceptable, comment, timezone.now()
    review.save(update_fields=["acceptable", "comment", "at"])
    _record(actor, task, "reviewtask.change_review", before=before, review=review)
    return review


def _locked(actor: User, task: ReviewTask) -> ReviewTask:
    locked = ReviewTask.objects.select_related("campaign", "sample").select_for_update(of=("self",)).get(pk=task.pk)
    require(actor, Permission.REVIEW, locked)
    return locked


def _record(actor: User, task: ReviewTask, action: str, *, before: dict[str, object] | None, review: Review) -> None:
    after = {"acceptable": review.acceptable, "comment": review.comment, "campaign": str(task.campaign_id)}
    record_event(actor=actor, action=action, subject=task, before=before, after=after)
