"""Who may do what to one object, and why: the page's answer to "who can see this?", and what can be changed there."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import models

from apps.accounts.errors import NoGrantsError
from apps.accounts.grant_form import GrantForm
from apps.accounts.models import Membership, ObjectGrant, Project, Team, User
from apps.accounts.permissions import NEVER_BY_SUPERUSER, ROLE_ALLOWS, Permission, Role, denials_of, grants_allowing
from apps.accounts.selectors.objects import allows, followed, grant_model_of, project_path, team_path


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason for what somebody may or may not do: a role on a scope, a grant or a denial.

    Attributes:
        words: such as "engineer of Voice of the customer", "granted", "denied".
        permissions: what it allows, or takes away.
        grant: the grant, which can be ended by itself; None for a role.
    """

    words: str
    permissions: frozenset[Permission]
    denies: bool
    until: datetime | None
    grant: ObjectGrant | None = None


@dataclass(slots=True)
class Access:
    """What one person may do to an object, with every reason."""

    user: User
    reasons: list[Reason] = field(default_factory=list)

    @property
    def permissions(self) -> list[Permission]:
        """What they may do, all reasons considered: a denial beats everything, and not seeing it ends all."""
        allowed: set[Permission] = set()
        for reason in self.reasons:
            if not reason.denies:
                allowed |= reason.permissions
        denied = {permission for reason in self.reasons if reason.denies for permission in reason.permissions}
        return [each for each in Permission if each in allowed and not denied & set(denials_of(each))]


@dataclass(frozen=True, slots=True)
class AccessPanel:
    """What the "access" tab of an object's page shows.

    Attributes:
        kind: the object's kind in one word, such as "modelversion".
        form: to grant and deny with; None for a reader who may not.
    """

    subject: models.Model
    kind: str
    people: Sequence[Access]
    form: GrantForm | None

    @property
    def may_manage(self) -> bool:
        return self.form is not None


def access_panel(*, actor: User, subject: models.Model) -> AccessPanel:
    """Return who may do what to `subject`; the caller has checked that `actor` may see it."""
    form = GrantForm() if allows(actor, Permission.MANAGE, subject) else None
    return AccessPanel(subject, str(subject._meta.model_name), access_to(subject), form)


def access_to(subject: models.Model) -> list[Access]:
    """Return everybody who has something to do with `subject`, by user name.

    Administrators, who may everywhere, are listed only where they hold a role, or a grant says something else.
    """
    found: dict[object, Access] = {}
    for held in _roles_reaching(subject):
        permissions = ROLE_ALLOWS[Role(held.role)]
        reason = Reason(f"{held.get_role_display().lower()} of {held.scope}", permissions, False, held.expires_at)
        found.setdefault(held.user_id, Access(held.user)).reasons.append(reason)
    for grant in grants_on(subject):
        found.setdefault(grant.user_id, Access(grant.user)).reasons.append(_of_grant(grant))
    for access in found.values():
        if access.user.is_superuser:
            everything = frozenset(Permission) - NEVER_BY_SUPERUSER
            access.reasons.insert(0, Reason("administrator", everything, False, None))
    return sorted(found.values(), key=lambda access: access.user.username)


def grants_on(subject: models.Model) -> Sequence[ObjectGrant]:
    """Return the grants and denials on `subject` that are in force; none for a kind that has no grants."""
    if getattr(subject, "GRANTS", None) is None:
        return ()
    grants = grant_model_of(type(subject)).objects.current().filter(content_object=subject, user__is_active=True)  # type: ignore[misc]
    return list(grants.select_related("user", "permission", "given_by").order_by("pk"))


def grantable_models() -> dict[str, type[models.Model]]:
    """Return the models on single objects of which access is granted, by their kind."""
    granted: list[type[models.Model]] = [
        grant.content_object.field.related_model  # type: ignore[attr-defined]  # of every inheriting model
        for grant in ObjectGrant.__subclasses__()
    ]
    return {str(model._meta.model_name): model for model in granted}


def grantable_model(kind: str) -> type[models.Model]:
    """Return the model of that kind.

    Raises:
        NoGrantsError: single objects of it are not granted.
    """
    known = grantable_models()
    if kind not in known:
        raise NoGrantsError(kind=kind[:60], known=", ".join(sorted(known)))
    return known[kind]


def _roles_reaching(subject: models.Model) -> Sequence[Membership]:
    team = followed(subject, team_path(type(subject)))
    project = followed(subject, project_path(type(subject)))
    scope = project if isinstance(project, Project) else team
    assert isinstance(scope, Team | Project), "what has an access tab belongs to a team"  # noqa: S101
    held = Membership.objects.current().reaching(scope).filter(user__is_active=True)
    return list(held.select_related("user", "organisation", "team", "project__team").order_by("user__username", "role"))


def _of_grant(grant: ObjectGrant) -> Reason:
    denies = grant.effect == ObjectGrant.Effect.DENY
    about = Permission(grant.verb)
    if denies:
        permissions = frozenset(each for each in Permission if about in denials_of(each))
    else:
        permissions = frozenset(each for each in Permission if about in grants_allowing(each)) - NEVER_BY_SUPERUSER
    by = f" by {grant.given_by.label}" if grant.given_by else ""
    words = f"{'denied' if denies else 'granted'} {about}{by}"
    return Reason(words, permissions, denies, grant.expires_at, grant)
