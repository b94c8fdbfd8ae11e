"""Lineage as a page shows it: one step under the other, what came before above what came of it."""

from dataclasses import dataclass
from graphlib import TopologicalSorter
from uuid import UUID

from django.db import models

from apps.accounts.models import User
from apps.governance.lineage import LineageGraph, Node, lineage_of

ICONS = {
    "modelversion": "box",
    "datasetversion": "database",
    "trainingjob": "cpu",
    "evaluationrun": "flask-conical",
    "endpoint": "rocket",
    "endpointrevision": "rocket",
    "promptversion": "message-square-text",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One object of the chain. `sources` says of what it came, as (label, verb)."""

    node: Node
    icon: str
    sources: list[tuple[str, str]]
    is_subject: bool


@dataclass(frozen=True, slots=True)
class Chain:
    """Steps in order, with how many neighbours are hidden and whether there was more, as in the graph."""

    steps: list[Step]
    hidden: int
    is_cut: bool


def chain_of(*, actor: User, subject: models.Model) -> Chain:
    """Return the lineage of `subject` as a chain; the caller has checked that the subject may be seen."""
    graph = lineage_of(actor=actor, subject=subject)
    return Chain(_steps(graph, subject.pk), graph.hidden, graph.is_cut)


def _steps(graph: LineageGraph, subject_id: UUID) -> list[Step]:
    by_id = {node.id: node for node in graph.nodes}
    sources: dict[UUID, list[tuple[UUID, str]]] = {node.id: [] for node in graph.nodes}
    for source, target, verb in graph.edges:
        sources[target].append((source, verb))
    ordered = TopologicalSorter({target: [source for source, _ in came] for target, came in sources.items()})
    return [
        Step(
            node=by_id[node_id],
            icon=ICONS.get(by_id[node_id].kind, "circle-dot"),
            sources=[(by_id[source].label, verb) for source, verb in sources[node_id]],
            is_subject=node_id == subject_id,
        )
        for node_id in ordered.static_order()
    ]
