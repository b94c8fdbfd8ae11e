"""Why the server does not start, and why it does not answer."""


class StartError(Exception):
    """The server cannot serve this model here.

    Args:
        reason: one sentence that names what is wrong, where, and how to mend it.
        detail: what an engineer may want besides.
    """

    def __init__(self, reason: str, *, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


class SpecError(StartError):
    """The specification is missing or malformed."""


class PortTakenError(StartError):
    """Another process listens there."""


class VerificationError(StartError):
    """The files are not the ones that were approved."""


class ModelError(StartError):
    """The files are the approved ones, but no model that this server can run."""


class RequestError(Exception):
    """A request is refused.

    Args:
        message: what is wrong and how to mend it.
        param: the field to blame, if one is.
        code: OpenAI's word for it, where it has one.
    """

    status = 400
    kind = "invalid_request_error"

    def __init__(self, message: str, *, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.code = code


class UnknownModelError(RequestError):
    status = 404


class ServerError(RequestError):
    """The request is good and the server is not."""

    status = 500
    kind = "server_error"

    def __init__(self, message: str = "The server failed; its log shows where.") -> None:
        super().__init__(message)


class BusyError(ServerError):
    """As many requests wait as may; trying again soon helps."""

    status = 503


class LoadingError(ServerError):
    """The model is not there yet; trying again soon helps."""

    status = 503
