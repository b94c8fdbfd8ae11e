"""Writes of evaluation: runs, the step that reconciles one, review campaigns and reviews."""

from apps.evaluation.services.campaigns import open_campaign
from apps.evaluation.services.cancelling import cancel_run
from apps.evaluation.services.finishing import give_up
from apps.evaluation.services.reconciling import step
from apps.evaluation.services.reviewing import claim_task, release_task, review_and_claim_next, submit_review
from apps.evaluation.services.runs import start_run

__all__ = [
    "cancel_run",
    "claim_task",
    "give_up",
    "open_campaign",
    "release_task",
    "review_and_claim_next",
    "start_run",
    "step",
    "submit_review",
]
