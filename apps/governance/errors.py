"""Every refusal of governance, with its public code."""

from apps.core.errors import (
    ConflictError,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    RuleBrokenError,
    UnavailableError,
)


class WrongStateError(ConflictError):
    code = "governance.wrong_state"
    message = "'{label}' is {current}; this needs it to be {wanted}."


class NeedsApprovalError(ConflictError):
    code = "governance.needs_approval"
    message = "This move is made by approving its request. Submit '{label}' for review; an approver decides."


class RequestNotOpenError(ConflictError):
    code = "governance.request_not_open"
    message = "This request is {status} already; nothing is left to decide."


class RequestAlreadyOpenError(ConflictError):
    code = "governance.request_already_open"
    message = "There is an open request for this already."


class ChangePendingError(ConflictError):
    """Another change of the same waits for approval; `details["request_id"]` is its request."""

    code = "governance.change_pending"
    message = "'{label}' waits for approval already. Have that decided, or withdraw its request, and ask again."


class ChangeStaleError(ConflictError):
    """What a change was to change is no longer as it was when the change was proposed."""

    code = "governance.change_stale"
    message = "'{label}' cannot be made any more: {why}. Withdraw its request and ask again."


class AlreadyDecidedError(ConflictError):
    code = "governance.already_decided"
    message = "You have given your verdict on this request already."


class SubjectChangedError(ConflictError):
    """The subject is no longer what the request was made for."""

    code = "governance.subject_changed"
    message = "'{label}' has changed since this request was made, so its approvals are void. Look at it again."


class OwnWorkError(NotAllowedError):
    code = "governance.own_work"
    message = "You {part} this, so somebody else has to approve it. Being an administrator does not change that."


class ApprovalsMissingError(ConflictError):
    code = "governance.approvals_missing"
    message = "Approvals are missing: {missing}. Who could give them: {who}."


class DueDateError(InvalidInputError):
    code = "governance.due_date"
    message = "A request cannot be due in the past."


class DelegationInvalidError(InvalidInputError):
    code = "governance.delegation_invalid"
    message = "Nobody can stand in like this."


class DelegationOverError(ConflictError):
    code = "governance.delegation_over"
    message = "This delegation has ended already."


class BatchInvalidError(InvalidInputError):
    """Some of the objects cannot be asked for together; `fields` names each by its place."""

    code = "governance.batch_invalid"
    message = "These cannot be asked for together. Nothing was asked for."


class BatchRefusedError(RuleBrokenError):
    """A verdict on a batch is for all or none; `details["items"]` says which refuse it and why."""

    code = "governance.batch_refused"
    message = "{count} of {total} refuse this verdict, so none was given: {first}"


class GlassError(NotAllowedError):
    code = "governance.glass_not_yours"
    message = "Only who holds the role 'break-glass' on the team may move '{label}' past its gates."


class EmergencyReviewedError(ConflictError):
    code = "governance.emergency_reviewed"
    message = "This emergency has been reviewed already."


class NotYourRequestError(NotAllowedError):
    code = "governance.not_your_request"
    message = "Only the person who made a request can withdraw it."


class PolicyDeniedError(RuleBrokenError):
    """A policy refuses the move; `details` holds the decision's id."""

    code = "governance.policy_denied"
    message = "A policy does not allow this yet."


class PolicyInvalidError(InvalidInputError):
    code = "governance.policy_invalid"
    message = "This is not a valid policy document."


class PolicyTestsFailError(RuleBrokenError):
    code = "governance.policy_tests_fail"
    message = "The policy's own tests do not pass."


class UnknownMoveError(InvalidInputError):
    code = "governance.unknown_move"
    message = "A {kind} has no move '{move}' that is asked for; it has: {known}."


class UnreachableStatusError(ConflictError):
    code = "governance.unreachable_status"
    message = "'{label}' is {current} and cannot become {wanted} from there. It can become: {onward}."


class NothingToDecideError(ConflictError):
    code = "governance.nothing_to_decide"
    message = "Nobody has asked that '{label}' be approved. Submit it for review first."


class UnknownAccessKindError(InvalidInputError):
    code = "governance.unknown_access_kind"
    message = "'{kind}' cannot be asked for. Ask for one of: {known}."


class AccessWishError(InvalidInputError):
    code = "governance.access_wish"
    message = "This cannot be asked for."


class AccessHeldError(ConflictError):
    code = "governance.access_held"
    message = "You have {what} already, for good."


class NothingToCollectError(ConflictError):
    code = "governance.nothing_to_collect"
    message = "There is no key to make here: {why}."


class NotReplayedError(ConflictError):
    code = "governance.not_replayed"
    message = (
        "'{label}' is to be enforced, and nobody has looked at what it would have answered so far. Replay it first."
    )


class WaiverInvalidError(InvalidInputError):
    code = "governance.waiver_invalid"
    message = "This cannot be waived like this."


class WaiverExpiredError(ConflictError):
    code = "governance.waiver_expired"
    message = "'{label}' is over already. Draft another one."


class WebhookNameTakenError(ConflictError):
    code = "governance.webhook_name_taken"
    message = "The team has a webhook named '{name}' already."


class TooManyWebhooksError(ConflictError):
    code = "governance.too_many_webhooks"
    message = "A team has at most {most} webhooks. Delete one that is not used any more."


class WebhookDisabledError(ConflictError):
    code = "governance.webhook_disabled"
    message = "'{name}' is switched off. Switch it on first."


class TooManyEventsError(ConflictError):
    code = "governance.too_many_events"
    message = "More than {most} events of that time would be sent again. Begin later."


class ReadNotRecordedError(UnavailableError):
    code = "governance.read_not_recorded"
    message = "This is shown only once it is on record who read it, and the record cannot be written. Try again later."


class NotSealedYetError(ConflictError):
    code = "governance.not_sealed_yet"
    message = "This event is not sealed yet. It will be in a second or two: try again then."


class UnknownCheckpointError(NotFoundError):
    code = "governance.unknown_checkpoint"
    message = "No checkpoint was signed at size {size}. The newest is at {newest}."
