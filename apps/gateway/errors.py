"""Every refusal of the request path, with its public code. `front/answers.py` alone knows HTTP numbers."""

from apps.core.errors import (
    DomainError,
    InvalidInputError,
    LimitReachedError,
    NotAllowedError,
    NotFoundError,
    RuleBrokenError,
    TooLargeError,
    UnavailableError,
    UpstreamFailedError,
)


class CredentialsError(DomainError):
    """Who calls is not known."""

    code = "gateway.credentials"
    message = "Send an API key as 'Authorization: Bearer <key>'. Make one on the page of API keys."


class KeyRefusedError(CredentialsError):
    """The reason is not said: it would help only who guesses keys."""

    code = "gateway.key_refused"
    message = (
        "This API key is not valid. It may be mistyped, revoked or expired; make a new one on the page of API keys."
    )


class RouteNotFoundError(NotFoundError):
    code = "gateway.route_not_found"
    message = "There is no route '{route}', or none that you may see. Your routes are listed at /v1/models."


class UseRefusedError(NotAllowedError):
    code = "gateway.use_refused"
    message = "You see the route '{route}' but may not call it. Ask a manager of its team for access."


class BodyRefusedError(InvalidInputError):
    code = "gateway.body_refused"
    message = "The body is not a request that can be answered."


class BodyTooLargeError(TooLargeError):
    code = "gateway.body_too_large"
    message = "The body has more than {limit_bytes:,} bytes, the most that is accepted. Shorten the messages."


class PassedBodyTooLargeError(TooLargeError):
    code = "gateway.passed_body_too_large"
    message = "The body has more than {limit_bytes:,} bytes, the most that is accepted at this address."


class InputTooLongError(RuleBrokenError):
    code = "gateway.input_too_long"
    message = "The input is longer than the route accepts."


class PromptRefusedError(RuleBrokenError):
    code = "gateway.prompt_refused"
    message = "The prompt cannot be made."


class BudgetSpentError(LimitReachedError):
    code = "gateway.budget_spent"
    message = "The team's budget of {limit_usd} USD for {month} is spent. A manager of the team can raise it."


class BudgetReservedError(LimitReachedError):
    """What is left would do, were it not held back for calls in progress."""

    code = "gateway.budget_reserved"
    message = "What is left of the team's budget is reserved for calls in progress. Try again in a moment."


class RouteNotServingError(UnavailableError):
    code = "gateway.route_not_serving"
    message = "The route '{route}' is {status}: nothing answers behind it now."


class SnapshotStaleError(UnavailableError):
    """Fails closed: a key revoked meanwhile must not go on opening doors."""

    code = "gateway.snapshot_stale"
    message = "The gateway has not heard from its database for too long to know who may call. Try again later."


class NotRecordingError(UnavailableError):
    code = "gateway.not_recording"
    message = "The gateway cannot record requests, and answers none that it cannot record. Tell an administrator."


class UpstreamUnreachableError(UpstreamFailedError):
    code = "gateway.upstream_unreachable"
    message = "The server behind '{upstream}' cannot be reached. It may be starting; try again in a moment."


class UpstreamDiedError(UpstreamFailedError):
    code = "gateway.upstream_died"
    message = "The server behind '{upstream}' ended the connection before its answer was complete. Try again."


class UpstreamBrokenError(UpstreamFailedError):
    code = "gateway.upstream_broken"
    message = "The server behind '{upstream}' failed (status {status}). Its team can see why on the endpoint's page."


class UpstreamNonsenseError(UpstreamFailedError):
    code = "gateway.upstream_nonsense"
    message = "The server behind '{upstream}' answered something that is no completion."


class UpstreamTimeoutError(UpstreamFailedError):
    code = "gateway.upstream_timeout"
    message = "The server behind '{upstream}' said nothing for {seconds:g} s. Try again, or ask for fewer tokens."


class UpstreamBusyError(UnavailableError):
    code = "gateway.upstream_busy"
    message = "The server behind '{upstream}' has as many calls as it takes. Try again in a moment."


class UpstreamRefusedError(InvalidInputError):
    """The model server finds fault with the request itself; its words are passed on."""

    code = "gateway.upstream_refused"
    message = "The model server does not accept the request."


class UnsupportedPathError(NotFoundError):
    code = "gateway.unsupported_path"
    message = "The OpenAI-compatible surface has no {method} {path}. It has: {known}."


class ChatRefusedError(DomainError):
    """What the gateway refused to the portal, which called for a person; `status` in the context is HTTP's."""

    code = "gateway.chat_refused"
    message = "The gateway refused the call."


class GatewayAwayError(UnavailableError):
    code = "gateway.away"
    message = "The gateway does not answer. Try again in a moment; an administrator can see its state at /readyz."


class ClientGoneError(Exception):
    """The caller went away before its answer was complete. Not a refusal: nobody is there to read one."""
