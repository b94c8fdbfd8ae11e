"""Whole decisions on a database: what one takes from facts to the row of the decision log."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from apps.accounts.models import Organisation, Team
from apps.accounts.permissions import Permission
from apps.accounts.services import system_account
from apps.core.ids import new_id
from apps.core.lifecycle import Transition
from apps.governance.fact_shapes import Record, Shape
from apps.governance.models import Decision, PolicyVersion
from apps.governance.services import decide, save_policy_draft
from apps.governance.services.decisions import INSERT
from apps.governance.subjects import FactProvider, Subject, register_facts, register_subject

WARMED_UP, DECISIONS = 300, 3_000

Makers = Mapping[str, Callable[[], Any]]


@dataclass(frozen=True, slots=True)
class Timed:
    """What one of many calls took: 99 of 100 no longer than `p99_ms` by the clock on the wall, and how much of this
    thread's CPU time one took on average. The server's CPU time is in the first alone."""

    p99_ms: float
    cpu_us: float


def timed_decisions(facts: Makers, shapes: Mapping[str, Shape], rules: Sequence[str]) -> tuple[Timed, Timed]:
    """Return what whole decisions take, and their rows alone.

    Args:
        facts: what makes each fact anew, by name: each decision has to gather its own.
    """
    organisation = Organisation.objects.create(slug="bench", name="Bench")
    team = Team.objects.create(organisation=organisation, slug="bench", name="Bench")
    actor, move = system_account(), _govern(facts, shapes)
    version = save_policy_draft(actor=actor, team=team, source=document(facts, rules))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL governance.unaudited = 'on'")  # of a database that is thrown away
        PolicyVersion.objects.filter(pk=version.pk).update(status="active")

    def whole() -> Decision:
        return decide(actor=actor, subject=team, transition=move)

    kept = whole()
    if not kept.allowed or len(kept.results[0]["rules"]) != len(rules):
        raise ValueError(f"the policy answers {kept.results}")

    def row() -> None:
        kept.pk, kept.at = new_id(), timezone.now()
        INSERT.run(kept)

    with transaction.atomic():  # a decision is part of the move that it is about; the commit is the move's
        return _timed(whole), _timed(row)


def _govern(facts: Makers, shapes: Mapping[str, Shape]) -> Transition:
    """Have governance ask policies about teams, with facts of the size that a model version has."""
    move = Transition("approve", frozenset(), "", Permission.APPROVE, gated=True, by_request=True)
    shape = shapes["subject"]
    assert isinstance(shape, Record)  # noqa: S101
    register_subject(
        Subject(
            model=Team,
            transitions=(move,),
            manifest=lambda team: facts["subject"](),  # noqa: ARG005
            people=lambda team: {},  # noqa: ARG005
            page=lambda team: "",  # noqa: ARG005
            shape=shape,
        )
    )
    for name in ("files", "reviews", "runs"):
        register_facts(Team, FactProvider(name, shapes[name], "", lambda team, name=name: facts[name]()))  # type: ignore[misc]  # noqa: ARG005
    return move


def document(facts: Makers, rules: Sequence[str]) -> str:
    """Return the ten rules as a policy, with a test on which all of them hold and one on which none does."""
    written = [
        {"id": f"rule_{at}", "expression": source, "message": "It does not hold."} for at, source in enumerate(rules)
    ]
    held = {name: make() for name, make in facts.items() if name != "params"}
    bare = {
        "subject": {"type": "base", "license": "", "tags": []},
        "actor": {"name": ""},
        "transition": "approve",
        "files": {"count": 0},
        "reviews": {"count": 0, "share": 0.0},
        "runs": [{"is_current": False, "metrics": {}}],
    }
    every = [rule["id"] for rule in written]
    policy = {
        "id": "bench",
        "title": "Ten rules",
        "scope": {"kinds": ["team"], "transitions": ["approve"]},
        "rules": written,
        "mode": "enforce",
        "tests": [{"name": "held", "facts": held, "denies": []}, {"name": "bare", "facts": bare, "denies": every}],
    }
    return json.dumps(policy)


def _timed(call: Callable[[], object]) -> Timed:
    for _ in range(WARMED_UP):  # caches fill up, and statements are prepared
        call()
    began_ns = time.thread_time_ns()
    took = sorted(_took_ns(call) for _ in range(DECISIONS))
    cpu_us = (time.thread_time_ns() - began_ns) / DECISIONS / 1000
    return Timed(took[int(DECISIONS * 0.99)] / 1e6, cpu_us)


def _took_ns(call: Callable[[], object]) -> int:
    began = time.perf_counter_ns()
    call()
    return time.perf_counter_ns() - began
