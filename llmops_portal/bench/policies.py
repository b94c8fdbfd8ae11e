"""What it costs to ask a policy of ten rules about ten kilobytes of facts, beside the same rules written in Python.

`policy_cpu_us` is one core's CPU time of this process for the ten answers; the smallest of several rounds, since the
machine can only add to it.

`policy_p99_ms` is a whole decision as a request waits for it, by the clock on the wall: of 3,000 one after the other,
on warm caches, 99 of 100 took no longer. In it are gathering the facts, which are made anew each time, checking them
against their shapes and digesting them; reading the policies in force from PostgreSQL; evaluating the ten rules; and
writing the row of the decision log, 10 kB of facts and all, with its indexes. The commit is not: a decision is part
of the transaction of its move. `policy_decision_cpu_us` is what one of them took of the asking thread's CPU time on
average, on a busy machine the steadier figure; the server's is not in it. Beside each stands the same for the row
alone. PostgreSQL runs on the same cores, as `NOT_DURABLE` in `llmops_portal/local/postgres.py` has it.
"""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from apps.governance.fact_shapes import Flag, ListOf, MapOf, Number, Record, Shape, Text, Whole
from apps.governance.rules import Known, Vocabulary
from llmops_portal.bench.databases import empty_database
from llmops_portal.bench.figures import Figure

ROUNDS, CALLS = 7, 400
RUNS, METRICS = 20, 8
FACTS_BYTES = 10_000
RULES: tuple[tuple[str, Callable[[Mapping[str, Any]], bool]], ...] = (
    ('subject.type == "fine_tuned"', lambda facts: facts["subject"]["type"] == "fine_tuned"),
    ('subject.license != ""', lambda facts: facts["subject"]["license"] != ""),
    ("files.count > 0", lambda facts: facts["files"]["count"] > 0),
    ("runs.exists(run, run.is_current)", lambda facts: any(run["is_current"] for run in facts["runs"])),
    (
        'runs.all(run, "metric_7" in run.metrics)',
        lambda facts: all("metric_7" in run["metrics"] for run in facts["runs"]),
    ),
    (
        "runs.exists(run, run.is_current && run.metrics.metric_3.low >= 0.5)",
        lambda facts: any(run["is_current"] and run["metrics"]["metric_3"]["low"] >= 0.5 for run in facts["runs"]),
    ),
    ("reviews.count >= 10", lambda facts: facts["reviews"]["count"] >= 10),
    ("reviews.share >= 0.5", lambda facts: facts["reviews"]["share"] >= 0.5),
    (
        'subject.tags.exists(tag, tag.startsWith("team-"))',
        lambda facts: any(tag.startswith("team-") for tag in facts["subject"]["tags"]),
    ),
    ('actor.name != "" && transition == "approve"', lambda facts: facts["actor"]["name"] != ""),
)
_TEXT, _WHOLE, _NUMBER = Text(description=""), Whole(description=""), Number(description="")
_BOUND = Number(description="", nullable=True)
_METRIC = Record(fields={"value": _NUMBER, "low": _BOUND, "high": _BOUND, "n": _WHOLE})
_RUN = Record(
    fields={"name": _TEXT, "is_current": Flag(description=""), "metrics": MapOf(key="metric_0", value=_METRIC)}
)
SHAPES: Mapping[str, Shape] = {
    "subject": Record(fields={"type": _TEXT, "license": _TEXT, "tags": ListOf(item=_TEXT)}),
    "actor": Record(fields={"id": _TEXT, "name": _TEXT}),
    "transition": _TEXT,
    "now": _TEXT,
    "params": Record(fields={}),
    "files": Record(fields={"count": _WHOLE}),
    "reviews": Record(fields={"count": _WHOLE, "share": _NUMBER}),
    "runs": ListOf(item=_RUN),
}


def _run(number: int) -> dict[str, Any]:
    metrics: dict[str, Any] = {
        f"metric_{each}": {"value": 0.8, "low": 0.7, "high": 0.9, "n": 132} for each in range(METRICS)
    }
    metrics["metric_0"] |= {"low": None, "high": None}  # as of a measurement that has no interval
    return {"name": f"run {number}", "is_current": number > 8, "metrics": metrics}


MAKERS: Mapping[str, Callable[[], Any]] = {
    "subject": lambda: {
        "type": "fine_tuned",
        "license": "Apache-2.0",
        "tags": [f"team-{number}" for number in range(20)],
    },
    "actor": lambda: {"id": "1", "name": "approver"},
    "transition": lambda: "approve",
    "now": lambda: "2026-01-01T00:00:00+00:00",
    "params": dict,
    "files": lambda: {"count": 6},
    "reviews": lambda: {"count": 10, "share": 0.9},
    "runs": lambda: [_run(number) for number in range(RUNS)],
}


def facts() -> dict[str, Any]:
    """Return facts as large as those of a model with twenty evaluations: `FACTS_BYTES` as JSON, or more."""
    return {name: make() for name, make in MAKERS.items()}


def measure() -> list[Figure]:
    """Return the CPU time of ten answers, and the time and CPU time of a whole decision."""
    return [_answers(), *_decisions()]


def _answers() -> Figure:
    given = facts()
    if (size := len(json.dumps(given, separators=(",", ":")))) < FACTS_BYTES:
        raise ValueError(f"the facts have {size} bytes; {FACTS_BYTES} are promised")
    vocabulary = Vocabulary(SHAPES)
    compiled = [vocabulary.compile(source) for source, _ in RULES]
    for (source, in_python), expression in zip(RULES, compiled, strict=True):
        answer = expression.evaluate(Known(given))
        if answer.error or answer.passed is not in_python(given):
            raise ValueError(f"{source} answers {answer}, and the same in Python does not")

    def in_cel() -> None:
        known = Known(given)
        for expression in compiled:
            expression.evaluate(known)

    in_python_us = _cpu_us(lambda: [in_python(given) for _, in_python in RULES])
    return Figure(
        name="policy_cpu_us", value=_cpu_us(in_cel), baseline_name="the same in Python, us", baseline=in_python_us
    )


def _decisions() -> list[Figure]:
    from llmops_portal.bench.decisions import timed_decisions  # noqa: PLC0415 - models are known once the bench runs

    with empty_database():
        whole, row = timed_decisions(MAKERS, SHAPES, [source for source, _ in RULES])
    return [
        Figure(name="policy_p99_ms", value=whole.p99_ms, baseline_name="its row alone, p99 ms", baseline=row.p99_ms),
        Figure(
            name="policy_decision_cpu_us",
            value=whole.cpu_us,
            baseline_name="its row alone, us",
            baseline=row.cpu_us,
        ),
    ]


def _cpu_us(call: Callable[[], object]) -> float:
    return min(_round_us(call) for _ in range(ROUNDS))


def _round_us(call: Callable[[], object]) -> float:
    began = time.process_time_ns()
    for _ in range(CALLS):
        call()
    return (time.process_time_ns() - began) / CALLS / 1000
