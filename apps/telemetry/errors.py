"""Every refusal of telemetry, with its public code."""

from apps.core.errors import InvalidInputError, NotFoundError


class DamagedLineError(ValueError):
    """A line of a spool file is no request event; says why. It is put aside, never shown to a caller."""


class RequestNotFoundError(NotFoundError):
    code = "telemetry.request_not_found"
    message = "There is no request '{request_id}' that you may see. It appears a few seconds after its answer."


class BadWindowError(InvalidInputError):
    code = "telemetry.bad_window"
    message = "'since' lies after 'until'. Swap them."
