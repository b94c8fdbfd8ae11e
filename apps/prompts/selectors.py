"""Reads of prompts: what an actor may see."""

from django.db.models import Max, OuterRef, Q, QuerySet, Subquery

from apps.accounts.models import User
from apps.accounts.selectors import visible_to
from apps.prompts.errors import UnknownVersionError
from apps.prompts.models import PromptTemplate, PromptVersion


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
