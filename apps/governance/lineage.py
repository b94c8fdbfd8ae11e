"""What came from what, across apps that do not know each other.

Each app registers, in `AppConfig.ready()`, who can name the neighbours of its objects. An edge reads as a sentence:
"dataset *read by* job", "job *made* model version", "model version *tuned into* model version".
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from django.db import models

from apps.accounts.models import User
from apps.accounts.selectors import visible_to
from apps.governance.subjects import label_of

NODES_MAX = 300
STEPS_MAX = 12

Direction = Literal["up", "down"]
Key = tuple[type[models.Model], UUID]


@dataclass(frozen=True, slots=True)
class Edge:
    """`source` came before, `target` came of it, and `verb` says how."""

    source: models.Model
    target: models.Model
    verb: str


# Takes several objects of one model, so that a step through the graph costs the same number of queries at any width,
# and returns every edge that touches one of them, on either side.
LineageProvider = Callable[[Sequence[Any]], Iterable[Edge]]

_providers: dict[type[models.Model], list[LineageProvider]] = {}


def register_lineage(model: type[models.Model], provider: LineageProvider) -> None:
    """Have `provider` name the neighbours of objects of `model`."""
    _providers.setdefault(model, []).append(provider)


@dataclass(frozen=True, slots=True)
class Node:
    """One object of the graph. `kind` is for programs ("modelversion"), `kind_name` for people ("model version")."""

    kind: str
    kind_name: str
    id: UUID
    label: str
    page: str
    status: str


@dataclass(slots=True)
class LineageGraph:
    """What led to an object and what came of it.

    Attributes:
        nodes: the objects, the asked-for one first, then by distance.
        edges: pairs of ids with the verb between them.
        hidden: how many neighbours the actor may not see; nothing behind them was looked at.
        is_cut: whether there was more than `NODES_MAX` objects or `STEPS_MAX` steps.
    """

    nodes: list[Node] = field(default_factory=list)
    edges: list[tuple[UUID, UUID, str]] = field(default_factory=list)
    hidden: int = 0
    is_cut: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return the graph as JSON."""
        return {
            "nodes": [
                {"kind": node.kind, "id": str(node.id), "label": node.label, "page": node.page, "status": node.status}
                for node in self.nodes
            ],
            "edges": [{"from": str(source), "to": str(target), "verb": verb} for source, target, verb in self.edges],
            "hidden": self.hidden,
            "is_cut": self.is_cut,
        }


def lineage_of(*, actor: User, subject: models.Model) -> LineageGraph:
    """Return the ancestors and descendants of `subject` that `actor` may see; the caller has checked the subject.

    Siblings are not in it: upwards only what came before is followed, downwards only what came after.
    """
    graph = LineageGraph(nodes=[_node(subject)])
    walk = _Walk(actor, graph, known={_key(subject)})
    walk.follow(subject, "up")
    walk.follow(subject, "down")
    return graph


@dataclass(slots=True)
class _Walk:
    actor: User
    graph: LineageGraph
    known: set[Key]
    hidden: set[Key] = field(default_factory=set)

    def follow(self, subject: models.Model, direction: Direction) -> None:
        level: list[models.Model] = [subject]
        for _ in range(STEPS_MAX):
            if not level:
                return
            level = self._next_level(level, direction)
        self.graph.is_cut = self.graph.is_cut or bool(level)

    def _next_level(self, level: list[models.Model], direction: Direction) -> list[models.Model]:
        edges = _edges_from(level, direction)
        found = {_key(end): end for edge in edges for end in (edge.source, edge.target)}
        seen = _visible_keys(self.actor, [end for key, end in found.items() if key not in self.known])
        self.hidden |= {key for key in found if key not in self.known and key not in seen}
        self.graph.hidden = len(self.hidden)
        fresh = [key for key in found if key in seen]
        if len(self.known) + len(fresh) > NODES_MAX:
            self.graph.is_cut = True
            fresh = fresh[: NODES_MAX - len(self.known)]
        self.known.update(fresh)
        self.graph.nodes.extend(_node(found[key]) for key in fresh)
        known_edges = set(self.graph.edges)
        for edge in edges:
            if _key(edge.source) in self.known and _key(edge.target) in self.known:
                known_edge = (_key(edge.source)[1], _key(edge.target)[1], edge.verb)
                if known_edge not in known_edges:
                    known_edges.add(known_edge)
                    self.graph.edges.append(known_edge)
        return [found[key] for key in fresh]


def _edges_from(level: list[models.Model], direction: Direction) -> list[Edge]:
    by_model: dict[type[models.Model], list[models.Model]] = {}
    for instance in level:
        by_model.setdefault(type(instance), []).append(instance)
    here = {_key(instance) for instance in level}
    edges = [
        edge
        for model, instances in by_model.items()
        for provider in _providers.get(model, ())
        for edge in provider(instances)
    ]
    return [edge for edge in edges if _key(edge.target if direction == "up" else edge.source) in here]


def _visible_keys(actor: User, instances: list[models.Model]) -> set[Key]:
    by_model: dict[type[models.Model], list[UUID]] = {}
    for instance in instances:
        by_model.setdefault(type(instance), []).append(instance.pk)
    return {
        (model, pk)
        for model, pks in by_model.items()
        for pk in visible_to(actor, model._default_manager.filter(pk__in=pks)).values_list("pk", flat=True)
    }


def _key(instance: models.Model) -> Key:
    return type(instance), instance.pk


def _node(instance: models.Model) -> Node:
    page = getattr(instance, "get_absolute_url", None)
    return Node(
        kind=str(instance._meta.model_name),
        kind_name=str(instance._meta.verbose_name),
        id=instance.pk,
        label=label_of(instance),
        page=page() if page else "",
        status=str(getattr(instance, "status", "")),
    )
