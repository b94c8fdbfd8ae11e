"""Labels of prompts: each points to one version of a template, and moves by the one promotion path."""

from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction

from apps.accounts.models import User
from apps.accounts.permissions import Permission
from apps.accounts.selectors import require
from apps.core.lifecycle import Transition
from apps.governance.errors import ChangeStaleError
from apps.governance.models import ApprovalRequest
from apps.governance.services import Outcome, make_or_ask, record_event, refuse_unless_allowed
from apps.prompts.errors import LabelNameError, LabelStandsError
from apps.prompts.models import LABEL_NAME, LabelChange, PromptLabel, PromptTemplate, PromptVersion
from apps.prompts.selectors import label_named, version_numbered
from apps.prompts.states import MOVE_LABEL


@dataclass(frozen=True, slots=True)
class Moved:
    """What was done to a label, and the request that it waits for, if policies want approvals for it."""

    change: LabelChange
    request: ApprovalRequest | None = None


def move_label(*, actor: User, template: PromptTemplate, name: str, version: int, reason: str = "") -> Moved:
    """Have a label point to a version, or ask for it where policies say so; a label that is new is made.

    Raises:
        LabelNameError: the name is not one that policies can be about.
        UnknownVersionError: there is no version of that number.
        LabelStandsError: it points there already.
        PolicyDeniedError: a policy in force refuses.
        ChangePendingError: it needs approvals, and another change of this label waits for its own.
    """
    with transaction.atomic():
        locked = _locked(actor, template)
        _refuse_name(name)
        wanted = version_numbered(locked, version)
        label = locked.labels.filter(name=name).select_related("version").first()
        if label is not None and label.version_id == wanted.pk:
            raise LabelStandsError(label=name, number=version)
        change = LabelChange(
            template=locked,
            name=name,
            from_version=label.version if label else None,
            to_version=wanted,
            reason=reason,
            created_by=actor,
        )
        outcome = _make_or_ask(change)
    refuse_unless_allowed(outcome.decision)
    return Moved(change, outcome.request)


def take_label_off(*, actor: User, template: PromptTemplate, name: str, reason: str = "") -> Moved:
    """Have a label point to nothing, or ask for it where policies say so.

    Raises:
        UnknownLabelError: the template has no such label.
        PolicyDeniedError, ChangePendingError: see `move_label`.
    """
    with transaction.atomic():
        locked = _locked(actor, template)
        left = label_named(locked, name).version
        change = LabelChange(template=locked, name=name, from_version=left, reason=reason, created_by=actor)
        outcome = _make_or_ask(change)
    refuse_unless_allowed(outcome.decision)
    return Moved(change, outcome.request)


def make_change(actor: User, change: LabelChange, transition: Transition) -> None:
    """Before a change is made: move its label, in the same transaction.

    Raises:
        ChangeStaleError: the label no longer points to where it did when the change was proposed.
    """
    if transition is not MOVE_LABEL:
        return
    template = PromptTemplate.objects.select_for_update(of=("self",)).get(pk=change.template_id)
    label = template.labels.filter(name=change.name).select_related("version").first()
    if (label.version_id if label else None) != change.from_version_id:
        points = f"version {label.version.number}" if label else "nothing"
        raise ChangeStaleError(label=change, why=f"the label points to {points} by now")
    if change.to_version is None:
        PromptLabel.objects.filter(template=template, name=change.name).delete()
    else:
        PromptLabel.objects.update_or_create(
            template=template, name=change.name, defaults={"version": change.to_version}
        )
    record_event(
        actor=actor,
        action="prompttemplate.label",
        subject=template,
        before=_pointing(change.name, change.from_version),
        after=_pointing(change.name, change.to_version),
        reason=change.reason,
    )


def _refuse_name(name: str) -> None:
    try:
        LABEL_NAME(name)
    except ValidationError as error:
        raise LabelNameError(label=name, fields={"name": error.messages}) from None


def _pointing(label: str, version: PromptVersion | None) -> dict[str, object]:
    told = {"version": version.number, "digest": version.digest} if version else {"version": None}
    return {"label": label, **told}


def _locked(actor: User, template: PromptTemplate) -> PromptTemplate:
    require(actor, Permission.EDIT, template)
    templates = PromptTemplate.objects.select_for_update(of=("self",)).select_related("owner_team", "project")
    return templates.get(pk=template.pk)


def _make_or_ask(change: LabelChange) -> Outcome:
    """Have a change of a locked template made, or asked for."""
    rivals = change.template.label_changes.filter(name=change.name)
    return make_or_ask(
        actor=change.created_by, change=change, transition=MOVE_LABEL, reason=change.reason, rivals=rivals
    )
