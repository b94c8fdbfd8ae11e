"""Every refusal of accounts, with its public code."""

from apps.core.errors import ConflictError, InvalidInputError, NotAllowedError, RuleBrokenError


class PermissionRefusedError(NotAllowedError):
    """`details` names the object and the permission, by which access can be asked for."""

    code = "accounts.permission_refused"
    message = "You need the permission '{permission}' on this. {who_can_help}"


class AdministratorsOnlyError(NotAllowedError):
    code = "accounts.administrators_only"
    message = "Only an administrator may do this."


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


class KeyNetworkError(NotAllowedError):
    code = "accounts.key_network"
    message = "This API key may not be used from {address}. Use it from one of the networks that it was made for."


class UnknownScopeError(InvalidInputError):
    code = "accounts.unknown_scope"
    message = "There is no scope '{scope}'. Choose from: {known}."


class NotANetworkError(InvalidInputError):
    code = "accounts.not_a_network"
    message = "'{network}' is no IP address or network. Write it as 203.0.113.7 or 203.0.113.0/24: {why}."


class KeyWiderError(RuleBrokenError):
    code = "accounts.key_wider"
    message = "A key that is made with another key may not {what}. Sign in to make such a key."


class KeyAlreadyRevokedError(ConflictError):
    code = "accounts.key_already_revoked"
    message = "This API key has been revoked already."


class KeyNotRotatableError(ConflictError):
    code = "accounts.key_not_rotatable"
    message = "This API key {why}, so nothing can follow it. Make a new key."


class OverlapOutOfRangeError(InvalidInputError):
    code = "accounts.overlap_out_of_range"
    message = "The old key can live on for 0 to {most} hours, not {given}."


class ExpiryPastError(InvalidInputError):
    code = "accounts.expiry_past"
    message = "The end is in the past. Name a time to come, or none."


class LastManagerError(ConflictError):
    code = "accounts.last_manager"
    message = "A team keeps at least one manager. Make somebody else manager first."


class RoleOfPeopleError(RuleBrokenError):
    code = "accounts.role_of_people"
    message = "A service account cannot be {role}: who judges, and who breaks the glass, is a person."


class RoleTooFarError(RuleBrokenError):
    code = "accounts.role_too_far"
    message = "The role {role} is given on a team or a project, not on a whole organisation."


class ProjectOfOtherTeamError(RuleBrokenError):
    code = "accounts.project_of_other_team"
    message = "The project '{project}' is none of team '{team}'. Name one of that team, or none."


class NameTakenError(ConflictError):
    code = "accounts.name_taken"
    message = "There is one called '{name}' already. Choose another name."


class NotGrantableError(RuleBrokenError):
    code = "accounts.not_grantable"
    message = "'{permission}' follows from a role alone and cannot be granted on a single object; it can be denied."


class NoGrantsError(InvalidInputError):
    code = "accounts.no_grants"
    message = "Access to single objects of the kind '{kind}' is not granted. Kinds that are: {known}."


class OwnDenialError(NotAllowedError):
    code = "accounts.own_denial"
    message = "You are denied something on this yourself, so somebody else has to change that."


class NotAServiceAccountError(NotAllowedError):
    code = "accounts.not_a_service_account"
    message = "Keys are made for oneself, or for a service account of a team that one manages."


class AccountDisabledError(ConflictError):
    code = "accounts.account_disabled"
    message = "'{name}' is disabled. Enable the account first."
