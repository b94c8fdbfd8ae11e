"""Every refusal of evaluation, with its public code."""

from apps.core.errors import ConflictError, InvalidInputError, NotAllowedError, RuleBrokenError


class RunRulesBrokenError(RuleBrokenError):
    code = "evaluation.run_rules_broken"
    message = "The evaluation breaks {count}: {why}"


class RunNotDoneError(ConflictError):
    code = "evaluation.run_not_done"
    message = "This evaluation is {status}; its answers can be reviewed and compared once it has succeeded."


class RunEndedError(ConflictError):
    code = "evaluation.run_ended"
    message = "This evaluation is {status} already."


class CampaignTooLargeError(RuleBrokenError):
    code = "evaluation.campaign_too_large"
    message = "The evaluation has {samples} answers, fewer than the {asked} that are to be reviewed."


class NotComparableError(InvalidInputError):
    code = "evaluation.not_comparable"
    message = "Name two to {most} evaluations to compare."


class OwnWorkError(NotAllowedError):
    code = "evaluation.own_work"
    message = "You had a part in this model or this evaluation, so somebody else has to review its answers."


class TaskNotClaimedError(ConflictError):
    code = "evaluation.task_not_claimed"
    message = "This task is not yours now. Take the next one from the queue."


class AlreadyReviewedError(ConflictError):
    code = "evaluation.already_reviewed"
    message = "This task has been answered already, and its time to change the answer has passed."
