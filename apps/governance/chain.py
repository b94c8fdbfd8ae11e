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
    """One object of the chain. `came_from` says what it is and of what it came: "Training job, from voc-support 2"."""

    node: Node
    icon: str
    came_from: str
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
    sources: dict[UUID, list[UUID]] = {node.id: [] for node in graph.nodes}
    for source, target, _ in graph.edges:
        sources[target].append(source)
    ordered = TopologicalSorter(sources)
    return [
        Step(
            node=by_id[node_id],
            icon=ICONS.get(by_id[node_id].kind, "circle-dot"),
            came_from=_came_from(by_id[node_id], [by_id[source] for source in sources[node_id]]),
            is_subject=node_id == subject_id,
        )
        for node_id in ordered.static_order()
    ]


def _came_from(node: Node, sources: list[Node]) -> str:
    kind = node.kind_name[:1].upper() + node.kind_name[1:]
    return f"{kind}, from {' and '.join(source.label for source in sources)}" if sources else kind
