from apps.accounts.models.grants import ObjectGrant
from apps.accounts.models.keys import ApiKey
from apps.accounts.models.owned import Owned, OwnedByTeam
from apps.accounts.models.people import User
from apps.accounts.models.scopes import Membership, Organisation, Project, Scope, Team

__all__ = [
    "ApiKey",
    "Membership",
    "ObjectGrant",
    "Organisation",
    "Owned",
    "OwnedByTeam",
    "Project",
    "Scope",
    "Team",
    "User",
]
