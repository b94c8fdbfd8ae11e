"""Every refusal of training, with its public code."""

from apps.core.errors import ConflictError, InvalidInputError, RuleBrokenError


class SpecInvalidError(InvalidInputError):
    """A field of the specification is missing, unknown, or of another kind; `fields` names each."""

    code = "training.spec_invalid"
    message = "The specification cannot be read: {why}"


class SpecRulesBrokenError(RuleBrokenError):
    code = "training.spec_rules_broken"
    message = "The specification breaks {count}: {why}"


class JobEndedError(ConflictError):
    code = "training.job_ended"
    message = "This job is {status} already, so it cannot be cancelled."


class JobNotEndedError(ConflictError):
    code = "training.job_not_ended"
    message = "This job is still {status}. Cancel it first, or wait until it has ended, and retry it then."


class JobSucceededError(ConflictError):
    code = "training.job_succeeded"
    message = "This job succeeded and made '{model}'. Submit a new one to train again."


class JobBeingRetriedError(ConflictError):
    code = "training.job_being_retried"
    message = "This job is being retried already, as job {job_id}."
