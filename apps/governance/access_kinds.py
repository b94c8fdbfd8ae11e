"""The kinds of access that accounts gives: a role, one object, a key."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import models

from apps.accounts import services as accounts
from apps.accounts.access import grantable_model
from apps.accounts.models import Membership, Project, Team, User
from apps.accounts.networks import plain_networks
from apps.accounts.permissions import GRANTABLE, KNOWN_SCOPES, Permission, Role
from apps.accounts.selectors.objects import allows
from apps.accounts.selectors.team import visible_service_accounts
from apps.governance.access import AccessKind, Wish
from apps.governance.errors import AccessHeldError, AccessWishError
from apps.governance.models import AccessRequest
from apps.governance.subjects import label_of, project_of, team_of


def read_role(actor: User, given: Mapping[str, Any]) -> Wish:
    """Understand `role`, `team` and, optionally, `project` (its slug). Teams may be named by who is not on them."""
    role = _one_of(Role, given, "role")
    team = Team.objects.filter(slug=_text(given, "team")).first()
    if team is None:
        raise AccessWishError(fields={"team": ["There is no such team. Ask for its slug: its members see it."]})
    project = _project(team, _text(given, "project", optional=True))
    scope = project or team
    if Membership.objects.current().reaching(scope).filter(user=actor, role=role, expires_at__isnull=True).exists():
        raise AccessHeldError(what=f"{role.label} of {scope}")
    details = {"role": str(role), "team": team.slug, "project": project.slug if project else None}
    return Wish(words=f"{role.label} of {scope}", details=details, team=team, project=project)


def grant_role(actor: User, request: AccessRequest) -> None:
    accounts.confer_role(
        actor=actor,
        user=request.beneficiary,
        scope=request.project or request.owner_team,
        role=Role(request.details["role"]),
        expires_at=request.expires_at,
        reason=f"Asked for: {request.reason}",
    )


def read_object(actor: User, given: Mapping[str, Any]) -> Wish:
    """Understand `subject_kind`, `subject_id` and `permission`. Who knows an object's id may ask to see it."""
    permission = _one_of(Permission, given, "permission")
    if permission not in GRANTABLE:
        why = "It follows from a role alone. Ask for the role."
        raise AccessWishError(fields={"permission": [why]})
    subject = _subject(_text(given, "subject_kind"), _text(given, "subject_id"))
    team = team_of(subject) if subject is not None else None
    if subject is None or team is None:
        raise AccessWishError(fields={"subject_id": ["There is no such object. Copy the id from its page."]})
    if allows(actor, permission, subject):
        raise AccessHeldError(what=f"the permission to {permission} it")
    kind = str(subject._meta.verbose_name)
    # Whoever may not see it learns no name of it here, only that it is there.
    name = f"{kind} '{label_of(subject)}'" if allows(actor, Permission.READ, subject) else f"{kind} {subject.pk}"
    details = {"kind": subject._meta.model_name, "id": str(subject.pk), "permission": str(permission)}
    words = f"{permission.value.capitalize()} {name}"
    return Wish(words=words, details=details, team=team, project=project_of(subject))


def grant_object(actor: User, request: AccessRequest) -> None:
    subject = _subject(request.details["kind"], request.details["id"])
    if subject is None:
        raise AccessWishError(f"{request.wish}: the object is gone, so nothing can be granted. Reject the request.")
    accounts.confer_access(
        actor=actor,
        user=request.beneficiary,
        permission=Permission(request.details["permission"]),
        subject=subject,
        expires_at=request.expires_at,
        reason=f"Asked for: {request.reason}",
    )


def read_key(actor: User, given: Mapping[str, Any]) -> Wish:
    """Understand `service_account` (its user name), `name`, `scopes` and `networks`; it is of a team of one's own."""
    account = accounts_of(actor).filter(username=_text(given, "service_account")).first()
    if account is None or account.team is None:
        raise AccessWishError(fields={"service_account": ["There is none of that user name on a team of yours."]})
    scopes = given.get("scopes") or ["inference"]
    unknown = [scope for scope in scopes if scope not in KNOWN_SCOPES]
    if unknown:
        why = f"'{unknown[0]}' is none of {', '.join(KNOWN_SCOPES)}."
        raise AccessWishError(fields={"scopes": [why]})
    name = _text(given, "name")
    details = {
        "service_account": account.username,
        "name": name[:100],
        "scopes": sorted(set(scopes)),
        "networks": plain_networks(given.get("networks") or []),
    }
    words = f"Key '{name[:100]}' for {account.username}"
    return Wish(words=words, details=details, team=account.team, beneficiary=account)


def grant_key(actor: User, request: AccessRequest) -> None:  # noqa: ARG001 - as every kind's
    """Grant that the key may be made; whoever asked makes it, once, since nobody else is there to be shown it."""
    if not request.beneficiary.is_active:
        raise AccessWishError(f"{request.beneficiary.label} is disabled, so no key can be made for it.")


def accounts_of(actor: User) -> models.QuerySet[User]:
    """Return the service accounts that `actor` may ask a key for: of teams where they hold a role."""
    return visible_service_accounts(actor=actor).filter(is_active=True)


KINDS = (
    AccessKind(
        name="role",
        title="A role on a team or project",
        fields={"role": "Which role.", "team": "Slug of the team.", "project": "Slug of one of its projects, or none."},
        read=read_role,
        grant=grant_role,
    ),
    AccessKind(
        name="object",
        title="Access to one object",
        fields={
            "subject_kind": "Such as modelversion.",
            "subject_id": "Its id.",
            "permission": f"One of {', '.join(GRANTABLE)}.",
        },
        read=read_object,
        grant=grant_object,
    ),
    AccessKind(
        name="key",
        title="A key for a service account",
        fields={
            "service_account": "Its user name.",
            "name": "What the key is for.",
            "scopes": f"Of {', '.join(KNOWN_SCOPES)}.",
            "networks": "Where it may be used from, or none.",
        },
        read=read_key,
        grant=grant_key,
    ),
)


def _subject(kind: str, pk: str) -> models.Model | None:
    try:
        return grantable_model(kind)._default_manager.filter(pk=UUID(pk)).first()
    except ValueError:  # it is no id
        return None


def _project(team: Team, slug: str) -> Project | None:
    if not slug:
        return None
    project = Project.objects.filter(team=team, slug=slug).first()
    if project is None:
        raise AccessWishError(fields={"project": [f"Team '{team.slug}' has no project '{slug[:60]}'."]})
    return project


def _text(given: Mapping[str, Any], name: str, *, optional: bool = False) -> str:
    value = given.get(name)
    if isinstance(value, str) and value.strip():
        return value.strip()
    if optional and not value:
        return ""
    raise AccessWishError(fields={name: ["Say it."]})


def _one_of(choices: Any, given: Mapping[str, Any], name: str) -> Any:
    value = _text(given, name)
    if value not in choices.values:
        raise AccessWishError(fields={name: [f"'{value[:60]}' is none of {', '.join(choices.values)}."]})
    return choices(value)
