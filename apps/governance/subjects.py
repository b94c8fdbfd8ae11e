"""What the apps above tell governance about the things it governs, so that it need not import them.

Each app registers its governed models and its facts in `AppConfig.ready()`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import models

from apps.accounts.models import Project, Team, User
from apps.accounts.selectors.objects import followed, project_path, team_path
from apps.core.canonical import digest_of
from apps.core.lifecycle import Transition

Manifest = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Subject:
    """One governed model.

    Attributes:
        model: the model; it has `status` and an owner team.
        transitions: the moves of its `status`.
        manifest: returns what an approval is for, as JSON: content digests, never times of day.
        people: returns who made the object what it is, by user id, with the part each had ("uploaded", "trained").
        edits: the verbs of audit events by which somebody takes part in the object's content, with the part that
            it is: {"edit": "edited"}. Whoever has done one may not approve, though the object itself remembers it not.
        page: returns the address of the object's page.
        may_ask: refuses who may not ask for its moves; None for whoever may edit it.
        before_move: called under the subject's lock before its status is written, for what must change with it.
    """

    model: type[models.Model]
    transitions: tuple[Transition, ...]
    manifest: Callable[[Any], Manifest]
    people: Callable[[Any], dict[UUID, str]]
    page: Callable[[Any], str]
    edits: Mapping[str, str] = field(default_factory=dict)
    before_move: Callable[[User, Any, Transition], None] | None = None
    may_ask: Callable[[User, Any], None] | None = None

    def transition(self, name: str) -> Transition:
        return next(transition for transition in self.transitions if transition.name == name)


@dataclass(frozen=True, slots=True)
class FactProvider:
    """Facts of one name about the objects of one model, for policies to read.

    Attributes:
        kind: "map" or "list".
        description: one sentence for the author of a policy.
        provide: returns the facts as JSON.
    """

    name: str
    kind: str
    description: str
    provide: Callable[[Any], Any]


PeopleProvider = Callable[[Any], dict[UUID, str]]

_subjects: dict[type[models.Model], Subject] = {}
_providers: dict[type[models.Model], dict[str, FactProvider]] = {}
_people: dict[type[models.Model], list[PeopleProvider]] = {}


def register_subject(subject: Subject) -> None:
    _subjects[subject.model] = subject


def register_facts(model: type[models.Model], provider: FactProvider) -> None:
    _providers.setdefault(model, {})[provider.name] = provider


def register_people(model: type[models.Model], provider: PeopleProvider) -> None:
    """Have `provider` name more people who made objects of `model` what they are, such as who trained a model."""
    _people.setdefault(model, []).append(provider)


def people_of(instance: models.Model) -> dict[UUID, str]:
    """Return everybody who made `instance` what it is, by user id, with the part each had."""
    people = subject_of(instance).people(instance)
    for provider in _people.get(type(instance), ()):
        people = {**people, **provider(instance)}
    return people


def subject_of(instance: models.Model) -> Subject:
    """Return how governance sees the model of `instance`.

    Raises:
        KeyError: nobody registered it, which is a bug.
    """
    return _subjects[type(instance)]


def all_subjects() -> Iterable[Subject]:
    return _subjects.values()


def subject_named(kind: str) -> Subject | None:
    """Return the subject whose model is called `kind`, such as "modelversion"."""
    return next((subject for subject in _subjects.values() if subject.model._meta.model_name == kind), None)


def fact_providers(model: type[models.Model]) -> dict[str, FactProvider]:
    return _providers.get(model, {})


def manifest_of(instance: models.Model) -> tuple[Manifest, str]:
    """Return what an approval of `instance` is for, and its digest."""
    manifest = subject_of(instance).manifest(instance)
    return manifest, digest_of(manifest)


def team_of(instance: models.Model) -> Team | None:
    """Return the team that owns `instance`, or None for what belongs to no team. A team is its own."""
    if isinstance(instance, Team):
        return instance
    owner = followed(instance, team_path(type(instance)))
    return owner if isinstance(owner, Team) else None


def project_of(instance: models.Model) -> Project | None:
    """Return the project that `instance` belongs to, or None. A project is its own."""
    if isinstance(instance, Project):
        return instance
    project = followed(instance, project_path(type(instance)))
    return project if isinstance(project, Project) else None


def label_of(instance: models.Model) -> str:
    return str(instance)[:300]
