"""What the apps above tell governance about the things it governs, so that it need not import them.

Each app registers its governed models and its facts in `AppConfig.ready()`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from uuid import UUID

from django.db import models

from apps.accounts.models import Project, Team, User
from apps.accounts.selectors.objects import followed, project_path, team_path
from apps.core.canonical import digest_of
from apps.core.lifecycle import Transition
from apps.governance.fact_shapes import Faults, Fit, Record, Shape, Text, fitted_facts, fitter, may_hold_secret

Manifest = dict[str, Any]
RISK_TIERS = ("low", "limited", "high")


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
        shape: what the manifest holds, for policies to read as the fact "subject".
        risk_tier: returns the risk tier that the object's maker states for it; see `risk_tier_of`.
    """

    model: type[models.Model]
    transitions: tuple[Transition, ...]
    manifest: Callable[[Any], Manifest]
    people: Callable[[Any], dict[UUID, str]]
    page: Callable[[Any], str]
    edits: Mapping[str, str] = field(default_factory=dict)
    before_move: Callable[[User, Any, Transition], None] | None = None
    may_ask: Callable[[User, Any], None] | None = None
    shape: Record = field(default_factory=lambda: Record(fields={}))
    risk_tier: Callable[[Any], Any] | None = None

    def transition(self, name: str) -> Transition:
        return next(transition for transition in self.transitions if transition.name == name)


@dataclass(frozen=True, slots=True)
class FactProvider:
    """Facts of one name about the objects of one model, for policies to read.

    Attributes:
        shape: what they look like; what is gathered and does not fit it counts as missing.
        description: one sentence for the author of a policy.
        provide: returns the facts as JSON.
    """

    name: str
    shape: Shape
    description: str
    provide: Callable[[Any], Any]


PeopleProvider = Callable[[Any], dict[UUID, str]]

_subjects: dict[type[models.Model], Subject] = {}
_providers: dict[type[models.Model], dict[str, FactProvider]] = {}
_people: dict[type[models.Model], list[PeopleProvider]] = {}


def register_subject(subject: Subject) -> None:
    """Have objects of a model governed.

    Raises:
        ValueError: its manifest gives a name to something that every subject has under that name.
    """
    if taken := {*_SUBJECT, "kind"} & set(subject.shape.fields):
        raise ValueError(f"{subject.model.__name__}: the fact 'subject' has {', '.join(sorted(taken))} already")
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


def fact_shapes(model: type[models.Model]) -> dict[str, Shape]:
    """Return the shape of every fact that policies may read about objects of `model`, by name."""
    registered = _subjects[model]
    kind = Text(description="What kind of object it is.", example=str(model._meta.model_name))
    own = {**registered.shape.fields, "kind": kind, **_SUBJECT}
    if registered.risk_tier is not None:
        own |= {"risk_tier": _RISK_TIER}
    about = Record(fields=own, description="What the move is about, as an approval of it would be bound to it.")
    return {"subject": about, **_COMMON, **{name: given.shape for name, given in fact_providers(model).items()}}


@cache
def fact_fitters(model: type[models.Model]) -> Mapping[str, Fit]:
    """Return by name what makes the facts about objects of `model`; apps have registered theirs by now."""
    return {name: fitter(shape) for name, shape in fact_shapes(model).items()}


@cache
def facts_to_mask(model: type[models.Model]) -> frozenset[str]:
    """Return the names of the facts about objects of `model` that could hold what is named like a secret."""
    return frozenset(name for name, shape in fact_shapes(model).items() if may_hold_secret(shape, key=name))


def facts_about(instance: models.Model) -> tuple[dict[str, Any], Faults, str]:
    """Return what is known of `instance`, by name of the fact, in containers of its own; and its manifest's digest.

    A fact that is not what its shape promises is left out, and the second value says why: whoever reads it is told
    that it is missing, and denies.
    """
    model = type(instance)
    manifest, digest = manifest_of(instance)
    subject = {**manifest, "digest": digest, "kind": str(model._meta.model_name), "label": label_of(instance)}
    if stated := _subjects[model].risk_tier:
        subject["risk_tier"] = risk_tier_of(stated(instance))
    given = {"subject": subject, **{name: one.provide(instance) for name, one in fact_providers(model).items()}}
    values, faults = fitted_facts(given, fact_fitters(model))
    return values, faults, digest


def risk_tier_of(stated: Any) -> str:
    """Return a risk tier; "high" for what states none, or one that does not exist.

    What nobody has thought about gets the strictest treatment. To state a lower tier is an edit like any other: it is
    part of what is approved, and who made it does not approve it.
    """
    return stated if stated in RISK_TIERS else "high"


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


_SUBJECT: dict[str, Shape] = {
    "label": Text(description="How the object is named.", example="voc-triage 1"),
    "digest": Text(description="SHA-256 of what an approval of it is bound to.", example="sha256:9f86d081…"),
}
_RISK_TIER = Text(description="How much harm it can do; high where nobody has stated it.", values=RISK_TIERS)
_COMMON: dict[str, Shape] = {
    "actor": Record(
        fields={
            "id": Text(description="Who is about to make the move.", example="01960d6e-0000-7000-8000-000000000001"),
            "name": Text(description="How that person is named.", example="Jonas Weber"),
        },
    ),
    "transition": Text(description="The move.", example="approve"),
    "now": Text(
        description="When the policies are asked; read it with timestamp(now).", example="2026-12-01T09:30:00Z"
    ),
}
