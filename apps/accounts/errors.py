"""Every refusal of accounts, with its public code."""

from apps.core.errors import ConflictError, InvalidInputError, NotAllowedError


class PermissionRefusedError(NotAllowedError):
    code = "accounts.permission_refused"
    message = "You need the permission '{permission}' on this. {who_can_help}"


class KeyRefusedError(NotAllowedError):
    """A bearer token that opens nothing; the reason is for the log, the answer says less."""

    code = "accounts.key_refused"
    message = "This API key is not valid."


class KeyScopeError(NotAllowedError):
    code = "accounts.key_scope"
    message = "This API key does not have the scope '{scope}'. Make one that has it."


class ConfirmationNeededError(NotAllowedError):
    """The browser has been signed in for a while; before deciding for others the password is asked for again."""

    code = "accounts.confirmation_needed"
    message = "Give your password again before you decide this: it could be somebody else at your screen."


class UnknownScopeError(InvalidInputError):
    code = "accounts.unknown_scope"
    message = "There is no scope '{scope}'. Choose from: {known}."


class KeyAlreadyRevokedError(ConflictError):
    code = "accounts.key_already_revoked"
    message = "This API key has been revoked already."


class LastManagerError(ConflictError):
    code = "accounts.last_manager"
    message = "A team keeps at least one manager. Make somebody else manager first."
