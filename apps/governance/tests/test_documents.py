import pytest

from apps.governance.documents import Scope, parse_policy, starter_policies
from apps.governance.errors import PolicyInvalidError, PolicyTestsFailError
from apps.governance.policy_tests import check_tests

GOOD = """
id: only-small
title: Only small versions are let through
scope: {kinds: [policyversion], transitions: [approve]}
params: {most: 3}
rules:
  - id: small
    expression: int(subject.number) <= params.most
    message: The number is too large.
mode: enforce
tests:
  - {name: small passes, facts: {subject: {number: 2}}, denies: []}
  - {name: large does not, facts: {subject: {number: 9}}, denies: [small]}
"""


def places(refused):
    return refused.value.context["details"]["places"]


def changed(*pairs):
    """Return the good document with each text replaced by another."""
    document = GOOD
    for old, new in pairs:
        assert old in document
        document = document.replace(old, new)
    return document


@pytest.mark.parametrize("source", starter_policies(), ids=lambda source: source.split("\n", 1)[0])
def test_a_policy_that_the_portal_ships_parses_and_passes_its_own_tests(source):
    check_tests(parse_policy(source))


class TestParsePolicy:
    def test_may_be_about_kinds_that_move_differently(self):
        policy = parse_policy(
            changed(
                (
                    "[policyversion], transitions: [approve]",
                    "[policyversion, accessrequest], transitions: [approve, grant]",
                ),
                ("int(subject.number)", "size(transition)"),
            )
        )

        assert policy.scope.kinds == ("policyversion", "accessrequest")

    def test_refuses_a_move_that_policies_are_not_asked_about(self):
        with pytest.raises(PolicyInvalidError, match="not asked about 'retire' of a policyversion"):
            parse_policy(changed(("[approve]", "[approve, retire]")))

    def test_reads_a_document(self):
        policy = parse_policy(GOOD)

        assert (policy.id, policy.scope.kinds, policy.mode) == ("only-small", ("policyversion",), "enforce")
        assert policy.digest.startswith("sha256:")

    def test_refuses_what_is_not_yaml(self):
        with pytest.raises(PolicyInvalidError, match="Not YAML"):
            parse_policy("id: [")

    def test_names_every_fault_with_its_place(self):
        with pytest.raises(PolicyInvalidError) as refused:
            parse_policy(GOOD.replace("mode: enforce", "mode: strict").replace("id: small\n", "id: Small\n"))

        assert set(refused.value.fields) == {"mode", "rules[0].id"}
        assert [(place["path"], place["line"], place["column"]) for place in places(refused)] == [
            ("rules[0].id", 7, 9),
            ("mode", 10, 7),
        ]

    def test_names_what_is_wrong_with_rules_beside_what_is_wrong_elsewhere(self):
        with pytest.raises(PolicyInvalidError) as refused:
            parse_policy(changed(("mode: enforce", "mode: strict"), ("subject.number", "subject.nomber")))

        assert [place["path"] for place in places(refused)] == ["rules[0].expression", "mode"]

    def test_names_the_line_and_column_of_a_bad_expression(self):
        with pytest.raises(PolicyInvalidError) as refused:
            parse_policy(GOOD.replace("params.most", "nothing"))

        assert "line 8, column 40: there is no fact 'nothing'" in refused.value.fields["rules[0].expression"][0]

    def test_refuses_kinds_and_moves_that_do_not_exist(self):
        with pytest.raises(PolicyInvalidError) as refused:
            parse_policy(GOOD.replace("[policyversion]", "[policyversion, spaceship]").replace("[approve]", "[launch]"))

        assert set(refused.value.fields) == {"scope.kinds[1]", "scope.transitions[0]"}


class TestPlaces:
    """Faults stand where the author sees them, however the text is folded and quoted."""

    @pytest.mark.parametrize(
        ("written", "line", "column"),
        [
            ("int(subject.nr) <= params.most", 8, 28),
            ('"int(subject.nr) <= params.most"', 8, 29),
            ("|\n      int(subject.number) <= 3\n      && subject.nr == 1", 10, 17),
            (">\n      int(subject.number) <= 3\n\n      && subject.nr == 1", 11, 17),
            ("'\"한국\" != \"it''s\" && subject.nr == 1'", 8, 44),
        ],
    )
    def test_of_expressions(self, written, line, column):
        with pytest.raises(PolicyInvalidError) as refused:
            parse_policy(changed(("int(subject.number) <= params.most", written)))

        [place] = places(refused)
        assert (place["path"], place["line"], place["column"]) == ("rules[0].expression", line, column)
        assert "subject has no 'nr'" in place["message"]

    @pytest.mark.parametrize(
        ("document", "line", "why"),
        [
            (changed(("mode: enforce", "mode: enforce\nmode: audit")), 11, "'mode' is there twice"),
            (changed(("[approve]", "&a [approve]")), 4, "Anchors and aliases"),
            (changed(("params: {most: 3}", "params: {most: !!int 3}")), 5, "Tags are not read"),
            (changed(("title: Only", "title: [Only")), 4, "Not YAML"),
            ("", 1, "empty"),
            ("[" * 21 + "]" * 21, 1, "nested more than 20 deep"),
            ("- 1\n" * 6000, 5000, "more than 5,000 values"),
            ("x" * 100_001, 1, "100,000 are allowed"),
            (changed(("mode:", "moode:")), 10, "Did you mean 'mode'?"),
            (changed(("mode: enforce\n", "")), 2, "The key 'mode' is missing"),
        ],
    )
    def test_of_what_cannot_be_read(self, document, line, why):
        with pytest.raises(PolicyInvalidError) as refused:
            parse_policy(document)

        assert any(place["line"] == line and why in place["message"] for place in places(refused)), places(refused)


class TestParams:
    @pytest.mark.parametrize(
        ("param", "why"),
        [
            ("{type: int, default: many}", "'many' is no int"),
            ("{type: int, default: 3, max: 2}", "3 is above the most allowed, 2"),
            ("{type: list, default: [1, a]}", "all texts, all whole numbers"),
            ("{type: string, default: c, enum: [a, b]}", "'c' is none of a, b"),
            ("{type: money, default: 3}", "'money' is none of int, float, string, bool, list"),
            ("{type: int}", "The key 'default' is missing"),
            ("null", "needs a value"),
        ],
    )
    def test_are_held_to_type_and_bounds(self, param, why):
        with pytest.raises(PolicyInvalidError, match=why):
            parse_policy(changed(("most: 3", f"most: {param}")))

    def test_type_the_expressions_that_read_them(self):
        with pytest.raises(PolicyInvalidError, match="no matching overload"):
            parse_policy(changed(("most: 3", "most: {type: string, default: three}")))

    def test_have_a_value_when_rules_run(self):
        policy = parse_policy(changed(("most: 3", "most: {type: int, default: 3, min: 1, description: The most.}")))

        assert policy.params.values == {"most": 3}
        check_tests(policy)


class TestApprovals:
    def test_are_read_long_and_short(self):
        short = parse_policy(changed(("mode:", "approvals: {count: 2}\nmode:")))
        long = parse_policy(changed(("mode:", "approvals: [{role: risk_officer, count: 1}]\nmode:")))

        assert [one.as_dict() for one in (*short.approvals, *long.approvals)] == [
            {"role": "approver", "count": 2, "because": "only-small"},
            {"role": "risk_officer", "count": 1, "because": "only-small"},
        ]

    def test_are_given_by_who_may_approve(self):
        with pytest.raises(PolicyInvalidError, match="'viewer' is none of approver, risk_officer"):
            parse_policy(changed(("mode:", "approvals: [{role: viewer, count: 1}]\nmode:")))

    def test_of_a_rule_are_demanded_where_it_does_not_hold(self):
        policy = parse_policy(
            changed(
                ("too large.", "too large.\n    approvals: [{role: risk_officer, count: 1}]"),
                ("denies: [small]", "denies: [], demands: [small]"),
            )
        )

        [result] = policy.ask({"subject": {"number": 9}})
        [failing] = policy.ask({"subject": {}})

        check_tests(policy)
        assert (result.outcome, [one.because for one in result.demands]) == ("demands", ["only-small.small"])
        assert (failing.outcome, failing.demands) == ("denied", ()), "an error never merely demands"


class TestScope:
    @pytest.mark.parametrize("scope", ["environments: [prod]", "risk_tiers: [high]"])
    def test_refuses_what_the_kind_does_not_have(self, scope):
        with pytest.raises(PolicyInvalidError, match="A policyversion has no"):
            parse_policy(changed(("transitions: [approve]}", f"transitions: [approve], {scope}}}")))

    def test_holds_where_the_tier_is_not_known(self):
        scope = Scope(("modelversion",), ("approve",), (), ("high",))

        assert [scope.holds({"subject": subject}) for subject in ({}, {"risk_tier": "high"}, {"risk_tier": "low"})] == [
            True,
            True,
            False,
        ]


class TestCheckTests:
    @pytest.mark.parametrize(
        ("old", "new", "path", "why"),
        [
            ("{number: 2}", "{nummer: 2}", "tests[0].facts.subject.nummer", "there is no such fact"),
            ("{number: 2}", "{number: two}", "tests[0].facts.subject.number", "not a whole number"),
            ("denies: [small]", "denies: [smal]", "tests[1].denies[0]", "There is no rule 'smal'"),
        ],
    )
    def test_refuses_facts_that_no_kind_in_scope_has(self, old, new, path, why):
        with pytest.raises(PolicyInvalidError, match=why) as refused:
            check_tests(parse_policy(changed((old, new))))

        assert [place["path"] for place in places(refused)] == [path]

    def test_refuses_a_rule_without_a_denying_test(self):
        untested = GOOD.replace("{number: 9}}, denies: [small]", "{number: 1}}, denies: []")

        with pytest.raises(PolicyTestsFailError) as refused:
            check_tests(parse_policy(untested))

        assert [rule.message for rule in refused.value.rules] == ["The rule 'small' has no denying test."]

    def test_refuses_a_test_that_expects_otherwise(self):
        wrong = GOOD.replace("number: 9", "number: 1")

        with pytest.raises(PolicyTestsFailError) as refused:
            check_tests(parse_policy(wrong))

        assert "'large does not': expected small to deny; no rule did." in refused.value.rules[0].message
