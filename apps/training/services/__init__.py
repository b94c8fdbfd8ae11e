"""Writes of training: submitting, cancelling and retrying jobs, and the step that reconciles one."""

from apps.training.services.cancelling import cancel_job, retry_job
from apps.training.services.finishing import give_up
from apps.training.services.reconciling import step
from apps.training.services.submission import render_job, submit_job, validate_spec

__all__ = ["cancel_job", "give_up", "render_job", "retry_job", "step", "submit_job", "validate_spec"]
