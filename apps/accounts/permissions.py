"""What can be allowed to somebody on a governed object, and which role on its scope allows it. All of it is data."""

from django.db.models import TextChoices


class Permission(TextChoices):
    """The verbs that every app's doors ask for."""

    READ = "read", "see it"
    USE = "use", "use it: call an endpoint, train on a data set"
    EDIT = "edit", "create and change it, submit it for review"
    REVIEW = "review", "answer review tasks about it"
    APPROVE = "approve", "decide approval requests about it"
    AUDIT = "audit", "read its audit trail and decisions"
    MANAGE = "manage", "manage members, keys and endpoints"


class Role(TextChoices):
    """Roles on an organisation, a team or a project."""

    VIEWER = "viewer", "Viewer"
    ENGINEER = "engineer", "Engineer"
    REVIEWER = "reviewer", "Reviewer"
    APPROVER = "approver", "Approver"
    AUDITOR = "auditor", "Auditor"
    MANAGER = "manager", "Manager"
    FINANCE = "finance", "Finance"
    RISK_OFFICER = "risk_officer", "Risk officer"
    BREAK_GLASS = "break_glass", "Break-glass"


ROLE_ALLOWS: dict[Role, frozenset[Permission]] = {
    Role.VIEWER: frozenset({Permission.READ}),
    Role.ENGINEER: frozenset({Permission.READ, Permission.USE, Permission.EDIT}),
    Role.REVIEWER: frozenset({Permission.READ, Permission.REVIEW}),
    Role.APPROVER: frozenset({Permission.READ, Permission.APPROVE, Permission.AUDIT}),
    Role.AUDITOR: frozenset({Permission.READ, Permission.AUDIT}),
    Role.MANAGER: frozenset({Permission.READ, Permission.USE, Permission.EDIT, Permission.MANAGE}),
    Role.FINANCE: frozenset({Permission.READ}),
    Role.RISK_OFFICER: frozenset({Permission.READ, Permission.APPROVE, Permission.AUDIT}),
    # In an emergency it makes a move without its approvals; governance tells everybody and has it reviewed.
    Role.BREAK_GLASS: frozenset({Permission.READ}),
}

# Being a superuser, or the portal itself, stands in for no approver and no reviewer: those are people with a role.
NEVER_BY_SUPERUSER = frozenset({Permission.APPROVE, Permission.REVIEW})
# Nor does a grant on one object: who judges is named for a scope, where everybody can see it.
GRANTABLE = tuple(permission for permission in Permission if permission not in NEVER_BY_SUPERUSER)
# A machine judges nothing and breaks no glass: these roles are held by people.
ROLES_OF_PEOPLE = frozenset(
    {role for role, allowed in ROLE_ALLOWS.items() if allowed & NEVER_BY_SUPERUSER} | {Role.BREAK_GLASS}
)
# Who may break the glass is named for each team: nobody inherits it from above.
NOT_ON_ORGANISATIONS = frozenset({Role.BREAK_GLASS})

APPROVE_SCOPE = "approve"
KNOWN_SCOPES: dict[str, str] = {
    "api": "what its owner may do through the API, verdicts aside",
    APPROVE_SCOPE: "approve and reject requests in its owner's name",
    "inference": "call models through the gateway",
}


def roles_allowing(permission: Permission | str) -> list[Role]:
    """Return the roles that allow `permission`."""
    return [role for role, allowed in ROLE_ALLOWS.items() if permission in allowed]


def grants_allowing(permission: Permission | str) -> list[Permission]:
    """Return the permissions a grant of which allows `permission`: whoever may do anything to an object may see it."""
    if permission == Permission.READ:
        return list(GRANTABLE)
    return [Permission(permission)] if permission in GRANTABLE else []


def denials_of(permission: Permission | str) -> list[Permission]:
    """Return the permissions a denial of which denies `permission`: who may not see an object may do nothing to it."""
    return sorted({Permission(permission), Permission.READ})
