"""Deleting what nothing needs, and saying what needs it otherwise."""

from typing import Any

from django.db import models
from django.db.models import ProtectedError, RestrictedError

from apps.accounts.models import User
from apps.accounts.selectors import visible_to
from apps.core.errors import ConflictError
from apps.governance.subjects import label_of

NAMED_IN_MESSAGE = 5


class HasDependantsError(ConflictError):
    """Something else needs the object; `details["dependants"]` lists what of it the actor may see."""

    code = "governance.has_dependants"
    message = "'{label}' is still needed by {needed_by}. Remove those first, or deprecate it instead."


def delete_unless_needed(*, actor: User, subject: models.Model) -> None:
    """Delete `subject` with what it owns, unless something else points at it. Call it inside a transaction.

    Raises:
        HasDependantsError: something does; nothing has been deleted.
    """
    label = label_of(subject)
    try:
        subject.delete()
    except ProtectedError as error:
        raise _refusal(actor, label, list(error.protected_objects)) from None
    except RestrictedError as error:
        raise _refusal(actor, label, list(error.restricted_objects)) from None


def _refusal(actor: User, label: str, needing: list[models.Model]) -> HasDependantsError:
    seen = _visible(actor, needing)
    names = [f"{row._meta.verbose_name} '{label_of(row)}'" for row in seen[:NAMED_IN_MESSAGE]]
    if len(seen) > NAMED_IN_MESSAGE:
        names.append(f"{len(seen) - NAMED_IN_MESSAGE} more")
    if len(seen) < len(needing):
        names.append(f"{len(needing) - len(seen)} that you may not see")
    details = {"dependants": [_described(row) for row in seen], "hidden": len(needing) - len(seen)}
    return HasDependantsError(label=label, needed_by=", ".join(names), details=details)


def _visible(actor: User, rows: list[models.Model]) -> list[models.Model]:
    by_model: dict[type[models.Model], list[Any]] = {}
    for row in rows:
        by_model.setdefault(type(row), []).append(row.pk)
    seen = {
        (model, pk)
        for model, pks in by_model.items()
        for pk in visible_to(actor, model._default_manager.filter(pk__in=pks)).values_list("pk", flat=True)
    }
    return [row for row in rows if (type(row), row.pk) in seen]


def _described(row: models.Model) -> dict[str, str]:
    page = getattr(row, "get_absolute_url", None)
    return {
        "kind": str(row._meta.model_name),
        "id": str(row.pk),
        "label": label_of(row),
        "page": page() if page else "",
    }
