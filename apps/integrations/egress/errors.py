"""Every refusal of the egress client, with its public code."""

from apps.core.errors import InvalidInputError, UnavailableError


class EgressRefusedError(InvalidInputError):
    """The portal does not connect there; trying again will not help."""

    code = "egress.refused"
    message = "The portal does not connect to this address."


class EgressUnavailableError(UnavailableError):
    """Nobody answered there, or nothing that could be understood."""

    code = "egress.unavailable"
    message = "{host} {why}."
