"""Entries: one version of a named dataset each."""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction

from apps.accounts.models import Project, Team, User
from apps.accounts.permissions import Permission
from apps.accounts.selectors import require, require_on_team
from apps.core.canonical import digest_of
from apps.core.entries import broken_entry_rules, next_version
from apps.datasets.errors import (
    DatasetRulesBrokenError,
    NotDeletableError,
    TypeFixedError,
    VersionFrozenError,
    VersionTakenError,
)
from apps.datasets.models import DatasetVersion
from apps.datasets.states import DatasetStatus
from apps.governance.dependants import delete_unless_needed
from apps.governance.services import record_event, subject_edited

# What describes a version may still be mended once it is approved; what was approved may not.
DESCRIPTIVE = frozenset({"description", "tags"})
EDITABLE = DESCRIPTIVE | {"license", "metadata", "type"}
OPEN_TO_CHANGE = frozenset({DatasetStatus.DRAFT, DatasetStatus.UNDER_REVIEW})
NOT_IN_AUDIT = frozenset({"metadata", "description"})  # long texts: the trail holds their digest


@transaction.atomic
def create_dataset(
    *,
    actor: User,
    team: Team,
    project: Project | None = None,
    name: str,
    type: str,  # noqa: A002  # the contract's own word
    version: str | None = None,
    license: str = "",  # noqa: A002  # likewise
    description: str = "",
    tags: list[str] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> DatasetVersion:
    """Register one version of a named dataset, as a draft without a file.

    Args:
        version: None for the next number, "1" when the name is new.

    Raises:
        DatasetRulesBrokenError: names every rule that the entry breaks.
        VersionTakenError: the team has this version of this name already.
    """
    require_on_team(actor, Permission.EDIT, team, project)
    dataset = DatasetVersion(
        owner_team=team,
        project=project,
        name=name,
        version=version or "",
        type=type,
        license=license,
        description=description,
        tags=list(tags or []),
        metadata=dict(metadata or {}),
        created_by=actor,
    )
    save_new(dataset)
    after = {"type": dataset.type, "license": dataset.license}
    record_event(actor=actor, action="datasetversion.create", subject=dataset, after=after)
    return dataset


def save_new(dataset: DatasetVersion) -> None:
    """Save a new version, as the next number of its name if it has none yet. Call it inside a transaction.

    Raises:
        DatasetRulesBrokenError, VersionTakenError: see `create_dataset`.
    """
    # Two people who ask for the next number at once get one each. The lock leaves the team's foreign keys alone.
    Team.objects.select_for_update(no_key=True).get(pk=dataset.owner_team_id)
    if not dataset.version:
        of_name = DatasetVersion.objects.filter(owner_team_id=dataset.owner_team_id, name=dataset.name)
        dataset.version = next_version(of_name.values_list("version", flat=True))
    _refuse_broken(dataset)
    try:
        with transaction.atomic():
            dataset.save(force_insert=True)
    except IntegrityError:
        raise VersionTakenError(name=dataset.name, version=dataset.version) from None


@transaction.atomic
def edit_dataset(*, actor: User, dataset: DatasetVersion, changes: Mapping[str, Any]) -> DatasetVersion:
    """Change what an entry says. What is approved stays; description and tags may be mended even then.

    An edit under review voids the approvals given so far, when it changes what they were for.

    Raises:
        VersionFrozenError: the version's state does not allow changing one of the fields.
        TypeFixedError: its file was checked as another type.
        DatasetRulesBrokenError: names every rule that the entry would break.
    """
    locked = DatasetVersion.objects.select_for_update(of=("self",)).get(pk=dataset.pk)
    require(actor, Permission.EDIT, locked)
    changed = {name: value for name, value in changes.items() if getattr(locked, name) != value}
    assert set(changed) <= EDITABLE, "the door lets through what it must not"  # noqa: S101
    refuse_frozen(locked, sorted(set(changed) - DESCRIPTIVE), descriptive=sorted(set(changed) & DESCRIPTIVE))
    if not changed:
        return locked
    if "type" in changed and locked.sha256:
        raise TypeFixedError(label=str(locked), type=locked.type)
    before = {name: _noted(name, getattr(locked, name)) for name in changed}
    for name, value in changed.items():
        setattr(locked, name, value)
    _refuse_broken(locked)
    locked.save(update_fields=[*changed, "updated_at"])
    after = {name: _noted(name, value) for name, value in changed.items()}
    record_event(actor=actor, action="datasetversion.edit", subject=locked, before=before, after=after)
    subject_edited(actor=actor, subject=locked)
    return locked


@transaction.atomic
def delete_dataset(*, actor: User, dataset: DatasetVersion) -> None:
    """Delete a draft that nothing needs.

    Raises:
        NotDeletableError: it is no draft.
        HasDependantsError: lists what needs it; nothing has been deleted.
    """
    locked = DatasetVersion.objects.select_for_update(of=("self",)).get(pk=dataset.pk)
    require(actor, Permission.EDIT, locked)
    if locked.status != DatasetStatus.DRAFT:
        status, mend = locked.get_status_display().lower(), _instead_of_deleting(locked)
        raise NotDeletableError(label=str(locked), status=status, mend=mend)
    before = {"type": locked.type, "sha256": locked.sha256}
    record_event(actor=actor, action="datasetversion.delete", subject=locked, before=before)
    delete_unless_needed(actor=actor, subject=locked)


def refuse_frozen(dataset: DatasetVersion, content: list[str], *, descriptive: list[str] | None = None) -> None:
    """Refuse a change of what no longer changes in the state of `dataset`.

    Raises:
        VersionFrozenError: names the fields.
    """
    if dataset.status in OPEN_TO_CHANGE:
        return
    frozen = content if dataset.status == DatasetStatus.APPROVED else content + (descriptive or [])
    if frozen:
        status = dataset.get_status_display().lower()
        raise VersionFrozenError(label=str(dataset), status=status, what=" and ".join(frozen))


def _refuse_broken(dataset: DatasetVersion) -> None:
    broken = broken_entry_rules(
        name=dataset.name,
        version=dataset.version,
        license=dataset.license,
        tags=dataset.tags,
        metadata=dataset.metadata,
    )
    if broken:
        raise DatasetRulesBrokenError(" ".join(fault.message for fault in broken), rules=broken)


def _instead_of_deleting(dataset: DatasetVersion) -> str:
    if dataset.status == DatasetStatus.UNDER_REVIEW:
        return "Withdraw its request first."
    return "Deprecate it instead." if dataset.status == DatasetStatus.APPROVED else ""


def _noted(name: str, value: Any) -> Any:
    return digest_of(value) if name in NOT_IN_AUDIT and value else value
