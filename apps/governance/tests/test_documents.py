import pytest

from apps.governance.documents import check_tests, parse_policy, starter_policies
from apps.governance.errors import PolicyInvalidError, PolicyTestsFailError

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


@pytest.mark.parametrize("source", starter_policies(), ids=lambda source: source.split("\n", 1)[0])
def test_a_policy_that_the_portal_ships_parses_and_passes_its_own_tests(source):
    check_tests(parse_policy(source))


class TestParsePolicy:
    def test_reads_a_document(self):
        policy = parse_policy(GOOD)

        assert (policy.id, policy.kinds, policy.mode) == ("only-small", ("policyversion",), "enforce")
        assert policy.digest.startswith("sha256:")

    def test_refuses_what_is_not_yaml(self):
        with pytest.raises(PolicyInvalidError, match="Not YAML"):
            parse_policy("id: [")

    def test_names_every_fault_with_its_place(self):
        with pytest.raises(PolicyInvalidError) as refused:
            parse_policy(GOOD.replace("mode: enforce", "mode: strict").replace("id: small\n", "id: Small\n"))

        assert set(refused.value.fields) == {"mode", "rules[0].id"}

    def test_names_the_line_and_column_of_a_bad_expression(self):
        with pytest.raises(PolicyInvalidError) as refused:
            parse_policy(GOOD.replace("params.most", "nothing"))

        assert "line 1, column 24: undeclared reference to 'nothing'" in refused.value.fields["rules[0].expression"][0]

    def test_refuses_kinds_and_moves_that_do_not_exist(self):
        with pytest.raises(PolicyInvalidError) as refused:
            parse_policy(GOOD.replace("[policyversion]", "[policyversion, spaceship]").replace("[approve]", "[launch]"))

        assert set(refused.value.fields) == {"scope.kinds[1]", "scope.transitions[0]"}


class TestCheckTests:
    def test_refuses_a_rule_without_a_denying_test(self):
        untested = GOOD.replace("{number: 9}}, denies: [small]", "{number: 1}}, denies: []")

        with pytest.raises(PolicyTestsFailError) as refused:
            check_tests(parse_policy(untested))

        assert [rule.message for rule in refused.value.rules] == ["The rule 'small' has no denying test."]

    def test_refuses_a_test_that_expects_otherwise(self):
        wrong = GOOD.replace("number: 9", "number: 1")

        with pytest.raises(PolicyTestsFailError) as refused:
            check_tests(parse_policy(wrong))

        assert "'large does not' expects small to deny; no rule did." in refused.value.rules[0].message
