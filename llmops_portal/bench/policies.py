"""What it costs to ask ten rules about ten kilobytes of facts, beside the same rules written in Python.

One core, CPU time of this process only; the smallest of several rounds, since the machine can only add to it.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from apps.governance.rules import compile_expression
from llmops_portal.bench.figures import Figure

ROUNDS, CALLS = 7, 400
RUNS, METRICS = 12, 8
RULES: tuple[tuple[str, Callable[[Mapping[str, Any]], bool]], ...] = (
    ('subject.type == "fine_tuned"', lambda facts: facts["subject"]["type"] == "fine_tuned"),
    ('subject.license != ""', lambda facts: facts["subject"]["license"] != ""),
    ("int(files.count) > 0", lambda facts: int(facts["files"]["count"]) > 0),
    ("runs.exists(run, run.is_current)", lambda facts: any(run["is_current"] for run in facts["runs"])),
    (
        'runs.all(run, "metric_7" in run.metrics)',
        lambda facts: all("metric_7" in run["metrics"] for run in facts["runs"]),
    ),
    (
        "runs.exists(run, run.is_current && double(run.metrics.metric_3.low) >= 0.5)",
        lambda facts: any(run["is_current"] and run["metrics"]["metric_3"]["low"] >= 0.5 for run in facts["runs"]),
    ),
    ("int(reviews.count) >= 10", lambda facts: int(facts["reviews"]["count"]) >= 10),
    ("double(reviews.share) >= 0.5", lambda facts: float(facts["reviews"]["share"]) >= 0.5),
    (
        'subject.tags.exists(tag, tag.startsWith("team-"))',
        lambda facts: any(tag.startswith("team-") for tag in facts["subject"]["tags"]),
    ),
    ('actor.name != "" && transition == "approve"', lambda facts: facts["actor"]["name"] != ""),
)
KINDS = {"files": "map", "runs": "list", "reviews": "map"}


def facts() -> dict[str, Any]:
    """Return facts as large as those of a model with a dozen evaluations: about 10 kB as JSON."""
    metrics = {f"metric_{number}": {"value": 0.8, "low": 0.7, "high": 0.9, "n": 132} for number in range(METRICS)}
    return {
        "subject": {"type": "fine_tuned", "license": "Apache-2.0", "tags": [f"team-{number}" for number in range(20)]},
        "actor": {"id": "1", "name": "approver"},
        "transition": "approve",
        "now": "2026-01-01T00:00:00+00:00",
        "params": {},
        "files": {"count": 6},
        "reviews": {"count": 10, "share": 0.9},
        "runs": [{"name": f"run {number}", "is_current": number > 8, "metrics": metrics} for number in range(RUNS)],
    }


def measure() -> list[Figure]:
    """Return the CPU time of one decision, in microseconds."""
    given = facts()
    compiled = [compile_expression(source, facts=KINDS) for source, _ in RULES]
    for (source, in_python), expression in zip(RULES, compiled, strict=True):
        answer = expression.evaluate(given)
        if answer.error or answer.passed is not in_python(given):
            raise ValueError(f"{source} answers {answer}, and the same in Python does not")
    in_cel_us = _cpu_us(lambda: [expression.evaluate(given) for expression in compiled])
    in_python_us = _cpu_us(lambda: [in_python(given) for _, in_python in RULES])
    return [
        Figure(
            name="policy_ten_rules_us", value=in_cel_us, baseline_name="the same in Python, us", baseline=in_python_us
        )
    ]


def _cpu_us(call: Callable[[], object]) -> float:
    return min(_round_us(call) for _ in range(ROUNDS))


def _round_us(call: Callable[[], object]) -> float:
    began = time.process_time_ns()
    for _ in range(CALLS):
        call()
    return (time.process_time_ns() - began) / CALLS / 1000
