"""Which objects somebody may see and do something to."""

from typing import Any, TypeVar
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import BooleanField, F, Func, Q, QuerySet

from apps.accounts.errors import PermissionRefusedError
from apps.accounts.models import ObjectGrant, Project, Team, User
from apps.accounts.permissions import Permission, denials_of, grants_allowing
from apps.accounts.selectors.people import helpers
from apps.accounts.selectors.reach import Reach, reach_of
from apps.core.doors import note_asked
from apps.core.errors import NotFoundError

M = TypeVar("M", bound=models.Model)


def visible_to(actor: User, rows: QuerySet[M], permission: Permission | str = Permission.READ) -> QuerySet[M]:
    """Return those of `rows` on which `actor` has `permission`; one query, whatever their number.

    A role on the owner team, on its organisation or on the object's project allows; a grant on the object allows or
    denies, and a denial beats everything, superusers included.

    The model names its way to the team in `TEAM_PATH` (default "owner_team"), that to the project in `PROJECT_PATH`
    (default: beside the team; empty for a model that has none), and, when single objects of it can be granted, the
    grants' reverse name in `GRANTS` (default none). A model whose objects are part of one that can be granted names
    the foreign key to that in `PART_OF` (default none): what is granted or denied on the whole is so on its parts.
    """
    note_asked(permission)
    return _narrowed(actor, rows, permission, reach_of(actor, permission))


def denied_ids(
    actor: User, model: type[models.Model], permission: Permission | str = Permission.READ
) -> QuerySet[ObjectGrant, UUID]:
    """Ids of objects of `model`, which has grants, on which one denies `actor` the permission now."""
    denied = _grants(actor, model, ObjectGrant.Effect.DENY, denials_of(permission))
    return denied.values_list("content_object_id", flat=True)  # type: ignore[misc]  # of every inheriting model


def whole_of(model: type[models.Model]) -> type[models.Model]:
    """Return the model whose grants bear on objects of `model`: what they are part of, or itself."""
    part_of = getattr(model, "PART_OF", None)
    if part_of is None:
        return model
    return model._meta.get_field(part_of).related_model  # type: ignore[return-value]


def allows(actor: User, permission: Permission | str, subject: models.Model) -> bool:
    """Tell whether `actor` has `permission` on `subject` now, whatever was read of their roles before."""
    note_asked(permission)
    rows = type(subject)._default_manager.filter(pk=subject.pk)
    return _narrowed(actor, rows, permission, reach_of(actor, permission, now=True)).exists()


def require(actor: User, permission: Permission | str, subject: models.Model) -> None:
    """Refuse unless `actor` has `permission` on `subject`.

    Raises:
        NotFoundError: `actor` may not even see it.
        PermissionRefusedError: `actor` sees it but may not do this; says who can help.
    """
    if allows(actor, permission, subject):
        return
    if permission == Permission.READ or not allows(actor, Permission.READ, subject):
        raise NotFoundError
    raise PermissionRefusedError(
        permission=str(permission),
        who_can_help=_who_can_help(permission, subject),
        details={
            "subject_kind": subject._meta.model_name,
            "subject_id": str(subject.pk),
            "permission": str(permission),
        },
    )


def team_path(model: type[models.Model]) -> str:
    """Return the way from `model` to its team."""
    return str(getattr(model, "TEAM_PATH", "owner_team"))


def project_path(model: type[models.Model]) -> str:
    """Return the way from `model` to its project; empty when it has none."""
    above = team_path(model).rpartition("__")[0]
    return str(getattr(model, "PROJECT_PATH", f"{above}__project" if above else "project"))


def grant_model_of(model: type[models.Model]) -> type[ObjectGrant]:
    """Return the model of the grants on objects of `model`, which has some."""
    return model._meta.get_field(model.GRANTS).related_model  # type: ignore[attr-defined, return-value]


class _IsOneOf(Func):
    """`key = ANY(ARRAY(...))`: unlike `IN`, it stays open to an index when it stands in an `OR`."""

    template = "%(expressions)s)"
    arg_joiner = " = ANY("
    output_field = BooleanField()


def _narrowed(actor: User, rows: QuerySet[M], permission: Permission | str, reach: Reach) -> QuerySet[M]:
    model = rows.model
    may = _reached(model, reach)
    whole = whole_of(model)
    if getattr(whole, "GRANTS", None) is None:
        return rows.filter(may)
    key = F(getattr(model, "PART_OF", "pk"))
    denied = _IsOneOf(key, ArraySubquery(denied_ids(actor, whole, permission)))
    allowing = grants_allowing(permission)
    if allowing and not reach.everywhere:
        granted = _grants(actor, whole, ObjectGrant.Effect.ALLOW, allowing).values("content_object_id")  # type: ignore[misc]
        may |= Q(_IsOneOf(key, ArraySubquery(granted)))
    return rows.filter(may, ~Q(denied))


def _reached(model: type[models.Model], reach: Reach) -> Q:
    if reach.everywhere:
        return Q(pk__isnull=False)  # no empty one: rows that are joined to others by `|` would be lost
    by_role = Q(**{f"{team_path(model)}__in": reach.teams})
    if project := project_path(model):
        by_role |= Q(**{f"{project}__in": reach.projects})
    return by_role


def _grants(
    actor: User, model: type[models.Model], effect: str, permissions: list[Permission]
) -> QuerySet[ObjectGrant, Any]:
    names = [f"{permission}_{model._meta.model_name}" for permission in permissions]
    return (
        grant_model_of(model).objects.current().filter(user_id=actor.pk, effect=effect, permission__codename__in=names)
    )


def _who_can_help(permission: Permission | str, subject: models.Model) -> str:
    team = followed(subject, team_path(type(subject)))
    project = followed(subject, project_path(type(subject)))
    if not isinstance(team, Team):
        return ""
    return helpers(permission, project if isinstance(project, Project) else team)


def followed(subject: Any, path: str) -> Any:
    """Return what `path` leads to from `subject`; None where it ends before."""
    for step in filter(None, path.split("__")):
        subject = getattr(subject, step, None)
    return subject
