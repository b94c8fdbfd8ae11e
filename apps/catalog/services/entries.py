"""Entries: one version of a named model each."""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, connection, transaction

from apps.accounts.models import Project, Team, User
from apps.accounts.permissions import Permission
from apps.accounts.selectors import require, require_on_team
from apps.catalog.errors import NotDeletableError, VersionFrozenError, VersionTakenError
from apps.catalog.models import ModelVersion
from apps.catalog.rules import refuse_broken
from apps.catalog.states import ModelStatus
from apps.core.canonical import digest_of
from apps.core.entries import next_version
from apps.governance.dependants import delete_unless_needed
from apps.governance.services import record_event, subject_edited

# What describes a version may still be mended once it is approved; what was approved may not.
DESCRIPTIVE = frozenset({"description", "tags", "card"})
EDITABLE = DESCRIPTIVE | {"license", "metadata", "model_family", "base_model"}
OPEN_TO_CHANGE = frozenset({ModelStatus.DRAFT, ModelStatus.UNDER_REVIEW})
BASES_LOCK = 0x6261_7365  # "base"
NOT_IN_AUDIT = frozenset({"card", "metadata", "description"})  # long texts: the trail holds their digest


@transaction.atomic
def create_model(
    *,
    actor: User,
    team: Team,
    project: Project | None = None,
    name: str,
    version: str | None = None,
    type: str,  # noqa: A002  # the contract's own word
    model_family: str,
    metadata: Mapping[str, Any] | None = None,
    base_model: ModelVersion | None = None,
    license: str = "",  # noqa: A002  # likewise
    description: str = "",
    tags: list[str] | None = None,
    card: str = "",
) -> ModelVersion:
    """Register one version of a named model, as a draft without files.

    Args:
        version: None for the next number, "1" when the name is new.

    Raises:
        ModelRulesBrokenError: names every rule that the entry breaks.
        VersionTakenError: the team has this version of this name already.
    """
    require_on_team(actor, Permission.EDIT, team, project)
    if base_model is not None:
        require(actor, Permission.USE, base_model)
    # Two people who ask for the next number at once get one each. The lock leaves the team's foreign keys alone.
    Team.objects.select_for_update(no_key=True).get(pk=team.pk)
    model = ModelVersion(
        owner_team=team,
        project=project,
        name=name,
        version=version or _next_version(team, name),
        type=type,
        model_family=model_family,
        metadata=dict(metadata or {}),
        base_model=base_model,
        license=license,
        description=description,
        tags=list(tags or []),
        card=card,
        created_by=actor,
    )
    refuse_broken(model)
    try:
        with transaction.atomic():
            model.save(force_insert=True)
    except IntegrityError:
        raise VersionTakenError(name=name, version=model.version) from None
    after = {"type": type, "model_family": model_family, "license": license}
    if base_model is not None:
        after["base_model"] = str(base_model.pk)
    record_event(actor=actor, action="modelversion.create", subject=model, after=after)
    return model


@transaction.atomic
def edit_model(*, actor: User, model: ModelVersion, changes: Mapping[str, Any]) -> ModelVersion:
    """Change what an entry says. What is approved stays; descriptions, tags and the card may be mended even then.

    An edit under review voids the approvals given so far, when it changes what they were for.

    Raises:
        VersionFrozenError: the version's state does not allow changing one of the fields.
        ModelRulesBrokenError: names every rule that the entry would break.
    """
    if changes.get("base_model"):
        _wait_for_other_changes_of_bases()  # before the row's lock, for which such a change may be waiting
    locked = ModelVersion.objects.select_for_update(of=("self",)).get(pk=model.pk)
    require(actor, Permission.EDIT, locked)
    changed = {name: value for name, value in changes.items() if getattr(locked, name) != value}
    assert set(changed) <= EDITABLE, "the door lets through what it must not"  # noqa: S101
    refuse_frozen(locked, sorted(set(changed) - DESCRIPTIVE), descriptive=sorted(set(changed) & DESCRIPTIVE))
    if not changed:
        return locked
    if base := changed.get("base_model"):
        require(actor, Permission.USE, base)
        base.refresh_from_db(fields=["base_model"])
    before = {name: _noted(name, getattr(locked, name)) for name in changed}
    for name, value in changed.items():
        setattr(locked, name, value)
    refuse_broken(locked)
    locked.save(update_fields=[*changed, "updated_at"])
    after = {name: _noted(name, value) for name, value in changed.items()}
    record_event(actor=actor, action="modelversion.edit", subject=locked, before=before, after=after)
    subject_edited(actor=actor, subject=locked)
    return locked


@transaction.atomic
def delete_model(*, actor: User, model: ModelVersion) -> None:
    """Delete a draft that nothing needs, with the list of its files.

    Raises:
        NotDeletableError: it is no draft.
        HasDependantsError: lists what needs it; nothing has been deleted.
    """
    locked = ModelVersion.objects.select_for_update(of=("self",)).get(pk=model.pk)
    require(actor, Permission.EDIT, locked)
    if locked.status != ModelStatus.DRAFT:
        raise NotDeletableError(
            label=str(locked), status=locked.get_status_display().lower(), mend=_instead_of_deleting(locked)
        )
    before = {"type": locked.type, "files_digest": locked.digest}
    record_event(actor=actor, action="modelversion.delete", subject=locked, before=before)
    delete_unless_needed(actor=actor, subject=locked)


def refuse_frozen(model: ModelVersion, content: list[str], *, descriptive: list[str] | None = None) -> None:
    """Refuse a change of what no longer changes in the state of `model`.

    Raises:
        VersionFrozenError: names the fields.
    """
    if model.status in OPEN_TO_CHANGE:
        return
    frozen = content if model.status == ModelStatus.APPROVED else content + (descriptive or [])
    if frozen:
        status = model.get_status_display().lower()
        raise VersionFrozenError(label=str(model), status=status, what=" and ".join(frozen))


def _wait_for_other_changes_of_bases() -> None:
    """Let one transaction at a time change base models: two at once could close a circle that neither of them sees."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [BASES_LOCK])


def _instead_of_deleting(model: ModelVersion) -> str:
    if model.status == ModelStatus.UNDER_REVIEW:
        return "Withdraw its request first."
    return "Deprecate it instead." if model.status == ModelStatus.APPROVED else ""


def _next_version(team: Team, name: str) -> str:
    return next_version(ModelVersion.objects.filter(owner_team=team, name=name).values_list("version", flat=True))


def _noted(name: str, value: Any) -> Any:
    if isinstance(value, ModelVersion):
        return str(value.pk)
    return digest_of(value) if name in NOT_IN_AUDIT and value else value
