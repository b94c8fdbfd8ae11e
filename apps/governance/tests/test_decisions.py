"""What a decision keeps, what it demands, and what makes it deny."""

import pytest

from apps.accounts.permissions import Role
from apps.core.canonical import digest_of
from apps.governance import services
from apps.governance.fact_shapes import Record, Text, Whole
from apps.governance.models import Decision, PolicyVersion
from apps.governance.services import decisions
from apps.governance.states import ACTIVATE_POLICY, RETIRE_POLICY, WAIVER_TRANSITIONS
from apps.governance.subjects import FactProvider, _providers, fact_fitters, facts_to_mask, register_facts, risk_tier_of
from apps.governance.tests.conftest import SMALL

pytestmark = pytest.mark.django_db
DEMANDING = SMALL.replace(
    "mend: Begin a new policy.", "mend: Begin a new policy.\n    approvals: [{role: risk_officer, count: 1}]"
).replace("denies: [small]", "denies: [], demands: [small]")
EXTRA = """
rules:
  - id: weight_known
    expression: extra.weight <= 3
    message: It is too heavy.
"""


@pytest.fixture
def in_force(engineer, team):
    """Puts a document in force without its approval, which is tested elsewhere."""

    def made(source):
        version = services.save_policy_draft(actor=engineer, team=team, source=source)
        PolicyVersion.objects.filter(policy=version.policy, status="active").update(status="retired")
        PolicyVersion.objects.filter(pk=version.pk).update(status="active")
        return version

    return made


@pytest.fixture
def large(engineer, team):
    """A policy version with a number that the small policy does not let through."""
    version = services.save_policy_draft(actor=engineer, team=team, source=SMALL.replace("only-small", "about-this"))
    PolicyVersion.objects.filter(pk=version.pk).update(number=9)
    version.refresh_from_db()
    return version


@pytest.fixture
def extra():
    """Registers one more fact about policy versions, with the value that a test wants."""

    def registered(value):
        shape = Record(fields={"weight": Whole(description="How heavy."), "token": Text(description="A secret.")})
        register_facts(PolicyVersion, FactProvider("extra", shape, "For a test.", lambda version: value))
        forget()

    def forget():
        fact_fitters.cache_clear()
        facts_to_mask.cache_clear()

    yield registered
    _providers[PolicyVersion].pop("extra", None)
    forget()


def asked(actor, subject, transition=ACTIVATE_POLICY):
    return services.ask_policies(actor=actor, subject=subject, transition=transition)


class TestWhatIsKept:
    def test_names_policy_engine_facts_and_answers(self, approver, in_force, large):
        version = in_force(SMALL)

        decision = services.decide(actor=approver, subject=large, transition=ACTIVATE_POLICY)

        kept = Decision.objects.get(pk=decision.pk)
        [result] = kept.results
        assert (result["policy"], result["digest"], kept.engine.split()[0]) == (
            "only-small",
            version.digest,
            "cel-expr-python",
        )
        assert [(rule["rule"], rule["outcome"]) for rule in result["rules"]] == [("small", "denied")]
        assert kept.facts_digest == digest_of(kept.facts)
        assert kept.subject_digest == kept.facts["subject"]["digest"]

    def test_masks_what_is_named_like_a_secret(self, approver, large, extra):
        extra({"weight": 1, "token": "open sesame"})

        decision = services.decide(actor=approver, subject=large, transition=ACTIVATE_POLICY)

        assert decision.facts["extra"] == {"weight": 1, "token": "•••"}
        assert decision.facts_digest != digest_of(decision.facts), "the digest is of what the rules read"


class TestDemands:
    def test_of_a_rule_that_does_not_hold_are_demanded_and_do_not_deny(self, approver, in_force, large):
        in_force(DEMANDING)

        opinion = asked(approver, large)

        assert opinion.allowed
        assert [one.as_dict() for one in opinion.requirements] == [
            {"role": "risk_officer", "count": 1, "because": "only-small.small"}
        ]

    def test_are_kept_with_the_decision(self, approver, in_force, large):
        in_force(DEMANDING)

        decision = services.decide(actor=approver, subject=large, transition=ACTIVATE_POLICY)

        assert decision.demands == [{"role": "risk_officer", "count": 1, "because": "only-small.small"}]

    def test_of_several_policies_are_the_strictest_for_each_role(self, approver, in_force, large):
        in_force(
            SMALL.replace("9}", "999}").replace("most: 3", "most: 99").replace("mode:", "approvals: {count: 2}\nmode:")
        )
        in_force(DEMANDING.replace("only-small", "also-small"))

        needed = services.requirements_of(large, ACTIVATE_POLICY, approver)

        assert {(one.role, one.count) for one in needed} == {(Role.APPROVER, 2), (Role.RISK_OFFICER, 1)}

    @pytest.mark.parametrize("mode", ["audit", "warn"])
    def test_are_made_by_enforced_policies_only(self, approver, in_force, large, mode):
        in_force(DEMANDING.replace("mode: enforce", f"mode: {mode}"))

        assert [one.because for one in asked(approver, large).requirements] == ["every request"]

    def test_are_one_approver_where_nothing_asks_for_more(self, approver, large):
        [needed] = services.requirements_of(large, ACTIVATE_POLICY, approver)

        assert (needed.role, needed.count) == (Role.APPROVER, 1)
        assert services.requirements_of(large, RETIRE_POLICY, approver) == [], "nobody can ask for that move"


class TestMissingFacts:
    def test_of_the_wrong_type_deny_with_their_place_and_reason(self, approver, in_force, large, extra):
        extra({"weight": 1})
        in_force(
            SMALL.replace(SMALL[SMALL.index("rules:") : SMALL.index("mode:")], EXTRA.lstrip())
            .replace("{subject: {number: 2}}", "{extra: {weight: 2}}")
            .replace("{subject: {number: 9}}, denies: [small]", "{extra: {weight: 9}}, denies: [weight_known]")
        )
        extra({"weight": "heavy"})

        opinion = asked(approver, large)

        assert not opinion.allowed
        [rule] = opinion.results[0]["rules"]
        assert "'extra' is missing" in rule["error"]
        assert "extra.weight: it is a text, not a whole number" in rule["error"]
        assert "extra" not in opinion.facts

    def test_that_are_too_many_deny(self, approver, in_force, large, monkeypatch):
        in_force(SMALL)
        monkeypatch.setattr(decisions, "FACTS_MAX_BYTES", 300)

        decision = services.decide(actor=approver, subject=large, transition=ACTIVATE_POLICY)

        assert not decision.allowed
        assert "300 are allowed" in decision.results[0]["rules"][0]["error"]

    def test_a_policy_that_can_no_longer_be_read_denies(self, approver, in_force, large):
        version = in_force(SMALL)
        PolicyVersion.objects.filter(pk=version.pk).update(source=SMALL.replace("subject.number", "subject.gone"))

        opinion = asked(approver, large)

        assert not opinion.allowed
        assert "cannot be read" in opinion.results[0]["rules"][0]["message"]


@pytest.mark.parametrize(
    ("stated", "tier"), [("low", "low"), ("limited", "limited"), (None, "high"), ("Low", "high"), (3, "high")]
)
def test_what_states_no_risk_tier_is_high(stated, tier):
    assert risk_tier_of(stated) == tier


def test_waivers_are_asked_about_too():
    assert [move.name for move in WAIVER_TRANSITIONS if move.gated] == ["approve"]
