"""How the page draws a chain: its spine, its branches, and what stands beside each link."""

from typing import Any

import pytest

from apps.portal.provenance import Proof, Provenance, Step
from apps.portal.web.trace import links_of, summary_of

AT = "2026-03-02T09:30:00+00:00"
SPEC = {"hyperparams": {"num_epochs": 10}, "seed": 7}
FACTS: dict[str, dict[str, Any]] = {
    "answer": {"outcome": "ok", "prompt_tokens": 67, "completion_tokens": 15, "latency_ms": 64, "cost_usd": "0.000022"},
    "endpoint_revision": {"environment": "prod", "deployed_by": "Mina", "runtime_image": "serve:1"},
    "model_version": {"type": "base", "family": "llama", "license": "", "status": "approved", "files": []},
    "training_job": {"status": "succeeded", "submitted_by": "Mina", "image": "", "cost_usd": "0.02", "spec": SPEC},
    "dataset_version": {
        "type": "sft_pair",
        "rows": 540,
        "pii_status": "clean",
        "quality_score": None,
        "status": "draft",
    },
    "evaluation_run": {"samples": 132, "results": {"token_f1": {"value": 0.7, "low": 0.6, "high": 0.8}}},
    "human_review": {"reviewed": 10, "acceptable": 6, "reviewers": ["Jonas"]},
    "approval": {"asked_by": "Mina", "approved_by": ["Jonas"], "reason": "Please"},
    "policy_decision": {"allowed": True, "policies": [{"policy": "release", "rules": {"good_enough": True}}]},
}


def step(kind: str, name: str, came_of: str = "", because: str = "", **more: Any) -> Step:
    """A step whose id is its name; `came_of` is the key of the step that it was reached from."""
    made = {"id": name, "label": name, "at": AT, "digest": "", "page": "", "facts": FACTS[kind], **more}
    return Step(kind=kind, because=because, reached_from=came_of, **made)


@pytest.fixture
def chain() -> Provenance:
    """An answer of a model that was tuned on cleaned data, measured on other data, reviewed and approved."""
    proof = Proof("event", "modelversion.approve", "Jonas", AT, "sha256:0", 7, "/proof")
    steps = [
        step("answer", "answer"),
        step("endpoint_revision", "revision", "answer:answer", "was answered by"),
        step("model_version", "tuned", "endpoint_revision:revision", "serves", proofs=[proof]),
        step("approval", "approval", "model_version:tuned"),
        step("policy_decision", "decision", "approval:approval"),
        step("evaluation_run", "evaluation", "model_version:tuned"),
        step("dataset_version", "heldout", "evaluation_run:evaluation", "was evaluated on"),
        step("human_review", "review", "evaluation_run:evaluation"),
        step("training_job", "job", "model_version:tuned", "was trained by"),
        step("dataset_version", "clean", "training_job:job", "was trained on"),
        step("dataset_version", "raw", "dataset_version:clean", "was cleaned from"),
        step("model_version", "base", "training_job:job", "was tuned from"),
    ]
    return Provenance("answer", steps, [])


class TestLinks:
    def test_are_what_the_answer_came_of_in_the_order_of_the_chain(self, chain):
        assert [(link.drawn.kind, link.drawn.step.label) for link in links_of(chain)] == [
            ("Answer", "answer"),
            ("Answered by endpoint revision", "revision"),
            ("Serves model", "tuned"),
            ("Evaluated on dataset", "heldout"),
            ("Trained by job", "job"),
            ("Trained on dataset", "clean"),
            ("Cleaned from dataset", "raw"),
            ("Tuned from model", "base"),
        ]

    def test_branch_off_where_the_chain_goes_on_elsewhere(self, chain):
        branches = {link.drawn.step.label: link.branch for link in links_of(chain) if link.branch}

        assert branches == {"heldout": "begins", "clean": "begins", "raw": "goes_on"}

    def test_hold_the_evidence_about_them_however_it_was_reached(self, chain):
        evidence = {link.drawn.step.label: [found.step.label for found in link.evidence] for link in links_of(chain)}

        assert evidence.pop("tuned") == ["approval", "decision", "evaluation", "review"]
        assert set(map(tuple, evidence.values())) == {()}


class TestADrawnStep:
    @pytest.mark.parametrize(
        ("label", "about"),
        [
            ("answer", ["67 tokens in, 15 out", "64 ms", "$0.000022"]),
            ("revision", ["Production", "deployed by Mina", "serve:1"]),
            ("job", ["submitted by Mina", "10 epochs, seed 7", "$0.02"]),
            ("clean", ["Prompt and response pairs", "540 rows", "no personal data found"]),
        ],
    )
    def test_tells_its_facts_in_words(self, chain, label, about):
        drawn = {link.drawn.step.label: link.drawn for link in links_of(chain)}

        assert drawn[label].about == about

    def test_shows_rules_figures_and_audit_events(self, chain):
        tuned = next(link for link in links_of(chain) if link.drawn.step.label == "tuned")
        evidence = {found.step.label: found for found in tuned.evidence}

        assert evidence["decision"].rules == [("Good enough", True)]
        assert [metric for metric, _ in evidence["evaluation"].results] == ["Token F1"]
        assert [said for said, _, _ in tuned.drawn.proofs] == ["Approved"]


class TestSummary:
    def test_says_what_the_answer_came_of(self, chain):
        said = summary_of(chain)

        assert (said.revision and said.revision.label, said.model and said.model.label) == ("revision", "tuned")
        assert [step.label for step in said.trained_on] == ["clean"]
        assert [step.label for step in said.tuned_from] == ["base"]
        assert (said.approved_by, said.training_usd, said.steps, said.events) == (["Jonas"], "0.02", 12, 1)

    def test_says_what_is_known_of_an_answer_without_a_deployment(self):
        said = summary_of(Provenance("answer", [step("answer", "answer")], ["The endpoint revision is not known."]))

        assert (said.revision, said.model, said.trained_on, said.approved_by) == (None, None, [], [])
