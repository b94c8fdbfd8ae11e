"""Every refusal of serving, with its public code."""

from apps.core.errors import ConflictError, InvalidInputError, RuleBrokenError


class SpecInvalidError(InvalidInputError):
    code = "serving.spec_invalid"
    message = "The deployment spec is not valid."


class DeploymentRulesBrokenError(RuleBrokenError):
    """The deployment breaks rules; every one that it breaks is named."""

    code = "serving.rules_broken"
    message = "The deployment breaks a rule."


class EndpointGoneError(ConflictError):
    code = "serving.endpoint_gone"
    message = "'{route_name}' has been deleted. Deploy the model under a route of its own."


class EndpointAwaitsError(ConflictError):
    """Nothing was ever in force on it; `details["request_id"]` is the request that its first revision waits for."""

    code = "serving.endpoint_awaits"
    message = "The first revision of '{route_name}' waits for approval. Have its request decided, or withdraw it."


class NoGoodRevisionError(ConflictError):
    code = "serving.no_good_revision"
    message = "'{route_name}' has no earlier revision that was ever healthy. Name the revision to go back to."


class RevisionInForceError(ConflictError):
    code = "serving.revision_in_force"
    message = "Revision {number} of '{route_name}' is in force already."


class NothingServedError(ConflictError):
    code = "serving.nothing_served"
    message = "'{route_name}' serves nothing yet, so there is nothing to promote. Wait until it is healthy."


class AlreadySoError(ConflictError):
    code = "serving.already_so"
    message = "'{route_name}' is {state} already."


class NothingChangedError(ConflictError):
    code = "serving.nothing_changed"
    message = "'{route_name}' is deployed exactly so already. Change something, or redeploy it."


class NowhereToPromoteError(ConflictError):
    code = "serving.nowhere_to_promote"
    message = "'{route_name}' is in {environment}, and there is no environment after that."


class BytesChangedError(ConflictError):
    code = "serving.bytes_changed"
    message = "The files of '{model}' are no longer those that revision {number} was allowed for; nothing was started."


class UnknownPromptError(RuleBrokenError):
    code = "serving.unknown_prompt"
    message = "There is no prompt '{template}'{version} that you may use."
