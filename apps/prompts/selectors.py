"""Reads of prompts: what an actor may see."""

from django.db.models import Max, OuterRef, Q, QuerySet, Subquery

from apps.accounts.models import User
from apps.accounts.selectors import visible_to
from apps.governance.selectors import waiting_request
from apps.governance.states import ChangeStatus
from apps.prompts.errors import UnknownLabelError, UnknownVersionError, VersionOrLabelError
from apps.prompts.models import LabelChange, PromptLabel, PromptTemplate, PromptVersion


def visible_templates(*, actor: User) -> QuerySet[PromptTemplate]:
    """Templates that `actor` may see, newest first, with `last_number`, `last_variables` and `last_version_at`."""
    newest = PromptVersion.objects.filter(template=OuterRef("pk")).order_by("-number")
    templates = PromptTemplate.objects.select_related("owner_team", "project", "created_by").annotate(
        last_number=Subquery(newest.values("number")[:1]),
        last_variables=Subquery(newest.values("variables")[:1]),
        last_version_at=Subquery(newest.values("created_at")[:1]),
    )
    return visible_to(actor, templates)


def filtered_templates(*, actor: User, owner_team: str = "", q: str = "") -> QuerySet[PromptTemplate]:
    """Visible templates by the slug of their team and by words in name or description."""
    templates = visible_templates(actor=actor)
    if owner_team:
        templates = templates.filter(owner_team__slug=owner_team)
    for word in q.split():
        templates = templates.filter(Q(name__icontains=word) | Q(description__icontains=word))
    return templates


def visible_versions(*, actor: User) -> QuerySet[PromptVersion]:
    """Versions of the templates that `actor` may see, newest first."""
    return visible_to(actor, PromptVersion.objects.select_related("template__owner_team", "created_by"))


def version_numbered(template: PromptTemplate, number: int | None) -> PromptVersion:
    """Return one version of a template that the caller may see; the newest when `number` is None.

    Raises:
        UnknownVersionError: there is none of that number.
    """
    versions = template.versions.select_related("created_by")
    version = versions.first() if number is None else versions.filter(number=number).first()
    if version is None:
        last = template.versions.aggregate(last=Max("number"))["last"]
        raise UnknownVersionError(name=template.name, number=number, last=last)
    return version


def label_named(template: PromptTemplate, name: str) -> PromptLabel:
    """Return a label of a template that the caller may see.

    Raises:
        UnknownLabelError: there is none of that name.
    """
    label = template.labels.select_related("version__created_by").filter(name=name).first()
    if label is None:
        known = ", ".join(template.labels.values_list("name", flat=True)) or "none"
        raise UnknownLabelError(name=template.name, label=name, known=known)
    return label


def version_asked_for(template: PromptTemplate, *, number: int | None, label: str) -> PromptVersion:
    """Return the version of that number, or that a label points to; the newest when neither is given.

    Raises:
        UnknownVersionError, UnknownLabelError: there is none.
        VersionOrLabelError: both are given.
    """
    if not label:
        return version_numbered(template, number)
    if number is not None:
        raise VersionOrLabelError(fields={"label": ["Leave out this, or the version."]})
    return label_named(template, label).version


def labels_of(template: PromptTemplate) -> QuerySet[PromptLabel]:
    """The labels of a template that the caller may see, by name."""
    return template.labels.select_related("version")


def waiting_changes(template: PromptTemplate) -> QuerySet[LabelChange]:
    """Changes of labels of a template that wait for approval, with `request_id`; the caller may see the template."""
    waiting = template.label_changes.filter(status=ChangeStatus.PROPOSED)
    changes = waiting.select_related("template", "to_version", "from_version", "created_by")
    return changes.annotate(request_id=waiting_request(LabelChange))
