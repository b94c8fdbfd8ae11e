"""The chain behind an answer as its page draws it: what it came of, one under the other, each with its evidence.

The chain itself is a list of steps that name where they were reached from. Here the objects an answer came of become
links of a spine, and what was said and decided about each of them (approvals, evaluations, reviews) stands in its link.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from apps.catalog.models import ModelVersion
from apps.core.web.formats import in_bytes, in_money, in_time
from apps.core.web.tones import words
from apps.datasets.models import DatasetVersion
from apps.datasets.states import PiiStatus
from apps.governance.wording import done
from apps.portal.provenance import Proof, Provenance, Step
from apps.serving.states import Environment
from apps.telemetry.models import RequestEvent

Facts = dict[str, Any]

ICONS = {
    "answer": "message-square",
    "endpoint_revision": "rocket",
    "prompt_version": "message-square-text",
    "model_version": "box",
    "training_job": "cpu",
    "dataset_version": "database",
    "evaluation_run": "flask-conical",
    "human_review": "list-checks",
    "approval": "badge-check",
    "policy_decision": "gavel",
}
SPINE = {
    "answer": "answer",
    "endpoint_revision": "endpoint revision",
    "model_version": "model",
    "training_job": "job",
    "dataset_version": "dataset",
}
EVIDENCE = {
    "prompt_version": "Prompt",
    "evaluation_run": "Evaluation",
    "human_review": "Human review",
    "approval": "Approval",
    "policy_decision": "Policy",
}


@dataclass(frozen=True, slots=True)
class Drawn:
    """A step in words.

    Attributes:
        kind: what it is, and for a link of the spine how it was reached, such as "Trained on dataset".
        about: a few facts, each short.
        rules: of the policies that were asked: the rule in words, and whether it passed.
        results: of an evaluation: the metric in words, and its value with the interval.
    """

    step: Step
    icon: str
    kind: str
    at: datetime
    about: list[str]
    status: str = ""
    status_label: str = ""
    files: list[Facts] = field(default_factory=list)
    rules: list[tuple[str, bool]] = field(default_factory=list)
    results: list[tuple[str, Facts]] = field(default_factory=list)
    proofs: list[tuple[str, datetime, Proof]] = field(default_factory=list)


@dataclass(slots=True)
class Link:
    """A link of the spine, or of a branch beside it: the spine goes on below from where the branch was reached."""

    drawn: Drawn
    evidence: list[Drawn] = field(default_factory=list)
    branch: Literal["", "begins", "goes_on"] = ""


@dataclass(frozen=True, slots=True)
class Summary:
    """What the chain says in one sentence, as far as it is known."""

    revision: Step | None
    model: Step | None
    trained_on: list[Step]
    tuned_from: list[Step]
    approved_by: list[str]
    training_usd: str
    steps: int
    events: int


def links_of(chain: Provenance) -> list[Link]:
    """Return the spine: depth first, as the chain was followed."""
    by_key = {step.key: step for step in chain.steps}
    links = {step.key: Link(_drawn(step)) for step in chain.steps if step.kind in SPINE}
    children: dict[str, list[Link]] = {key: [] for key in links}
    for step in chain.steps:
        if not step.reached_from:
            continue
        owner = _owner(step, by_key)
        if step.key in links:
            children[owner].append(links[step.key])
        else:
            links[owner].evidence.append(_drawn(step))
    for key, below in children.items():
        for link in below:
            if link is not below[-1]:
                link.branch = "begins"
            elif links[key].branch:
                link.branch = "goes_on"
    return list(links.values())


def summary_of(chain: Provenance) -> Summary:
    steps = chain.steps
    model = _first(steps, "model_version")
    job = _below(steps, model, "training_job")[:1]
    approvals = _below(steps, model, "approval")
    return Summary(
        revision=_first(steps, "endpoint_revision"),
        model=model,
        trained_on=[found for made in job for found in _below(steps, made, "dataset_version")],
        tuned_from=[found for made in job for found in _below(steps, made, "model_version")],
        approved_by=sorted({name for approval in approvals for name in approval.facts["approved_by"]}),
        training_usd=job[0].facts["cost_usd"] if job else "",
        steps=len(steps),
        events=sum(len(step.proofs) for step in steps),
    )


def _owner(step: Step, by_key: dict[str, Step]) -> str:
    """Return the key of the link that a step belongs to: an approval's decision belongs to what was approved."""
    above = by_key[step.reached_from]
    return above.key if above.kind in SPINE else _owner(above, by_key)


def _first(steps: list[Step], kind: str) -> Step | None:
    return next((step for step in steps if step.kind == kind), None)


def _below(steps: list[Step], above: Step | None, kind: str) -> list[Step]:
    return [step for step in steps if above and step.kind == kind and step.reached_from == above.key]


def _drawn(step: Step) -> Drawn:
    facts = step.facts
    policies = facts.get("policies", [])
    return Drawn(
        step=step,
        icon=ICONS[step.kind],
        kind=EVIDENCE.get(step.kind) or words(f"{step.because.removeprefix('was ')} {SPINE[step.kind]}".strip()),
        at=datetime.fromisoformat(step.at),
        about=[said for said in ABOUT[step.kind](facts) if said],
        status=facts.get("status") or facts.get("outcome") or _verdict(facts),
        status_label=RequestEvent.Outcome(facts["outcome"]).label if "outcome" in facts else "",
        files=facts.get("files", []),
        rules=[(words(rule), passed) for policy in policies for rule, passed in policy["rules"].items()],
        results=[(words(metric), result) for metric, result in sorted(facts.get("results", {}).items())],
        proofs=[(done(proof.action), datetime.fromisoformat(proof.at), proof) for proof in step.proofs],
    )


def _verdict(facts: Facts) -> str:
    return "" if "allowed" not in facts else "allowed" if facts["allowed"] else "denied"


def _answer(facts: Facts) -> list[str]:
    tokens = f"{facts['prompt_tokens']} tokens in, {facts['completion_tokens']} out"
    return [tokens, in_time(facts["latency_ms"] / 1000), in_money(facts["cost_usd"])]


def _revision(facts: Facts) -> list[str]:
    return [str(Environment(facts["environment"]).label), f"deployed by {facts['deployed_by']}", facts["runtime_image"]]


def _model(facts: Facts) -> list[str]:
    size = in_bytes(sum(file["size_bytes"] for file in facts["files"]))
    return [
        str(ModelVersion.Type(facts["type"]).label),
        facts["family"],
        facts["license"],
        size if facts["files"] else "",
    ]


def _job(facts: Facts) -> list[str]:
    settings = facts["spec"]["hyperparams"]
    how = f"{settings['num_epochs']} epochs, seed {facts['spec']['seed']}"
    return [f"submitted by {facts['submitted_by']}", how, in_money(facts["cost_usd"]), facts["image"]]


def _dataset(facts: Facts) -> list[str]:
    personal = {PiiStatus.CLEAN: "no personal data found", PiiStatus.DETECTED: "holds personal data"}
    quality = "" if facts["quality_score"] is None else f"quality {facts['quality_score']} of 100"
    rows = f"{facts['rows']:,} rows"
    return [str(DatasetVersion.Type(facts["type"]).label), rows, personal.get(facts["pii_status"], ""), quality]


def _approval(facts: Facts) -> list[str]:
    return [f"by {_names(facts['approved_by'])}", f"asked by {facts['asked_by']}: “{facts['reason']}”"]


def _review(facts: Facts) -> list[str]:
    return [f"{facts['acceptable']} of {facts['reviewed']} answers acceptable", f"by {_names(facts['reviewers'])}"]


def _names(people: list[str]) -> str:
    return ", ".join(people) or "nobody"


ABOUT: dict[str, Callable[[Facts], list[str]]] = {
    "answer": _answer,
    "endpoint_revision": _revision,
    "prompt_version": lambda facts: [f"written by {facts['written_by']}"],
    "model_version": _model,
    "training_job": _job,
    "dataset_version": _dataset,
    "evaluation_run": lambda facts: [f"{facts['samples']} samples"],
    "human_review": _review,
    "approval": _approval,
    "policy_decision": lambda _: [],
}
