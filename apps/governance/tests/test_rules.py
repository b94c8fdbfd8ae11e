import pytest

from apps.governance.rules import ExpressionError, compile_expression

FACTS = {"evaluations": "list", "validation": "map"}


class TestCompileExpression:
    def test_refuses_an_unknown_fact_with_line_and_column(self):
        with pytest.raises(ExpressionError, match=r"line 2, column 4: undeclared reference to 'evaluation'"):
            compile_expression("true\n&& evaluation.size() > 0", facts=FACTS)

    def test_refuses_what_does_not_parse(self):
        with pytest.raises(ExpressionError, match="Syntax error"):
            compile_expression("validation.validated ==", facts=FACTS)

    def test_refuses_what_does_not_answer_true_or_false(self):
        with pytest.raises(ExpressionError, match="INT"):
            compile_expression("evaluations.size()", facts=FACTS)


class TestEvaluate:
    def test_allows_only_on_true(self):
        expression = compile_expression("validation.validated", facts=FACTS)

        assert expression.evaluate({"validation": {"validated": True}}).passed
        assert not expression.evaluate({"validation": {"validated": False}}).passed

    @pytest.mark.parametrize("value", [None, 1, "true", [], {}])
    def test_denies_on_anything_that_is_not_a_boolean(self, value):
        answer = compile_expression("validation.validated", facts=FACTS).evaluate({"validation": {"validated": value}})

        assert not answer.passed
        assert "not true or false" in answer.error

    def test_denies_on_a_missing_fact_and_names_it(self):
        answer = compile_expression("validation.score > 3", facts=FACTS).evaluate({"validation": {}})

        assert (answer.passed, answer.error) == (False, "the fact 'score' is missing")

    def test_denies_when_a_whole_group_of_facts_is_missing(self):
        answer = compile_expression("validation.score > 3", facts=FACTS).evaluate({})

        assert not answer.passed
        assert answer.error

    def test_stops_a_loop_that_would_not_end(self):
        nested = "evaluations.all(a, evaluations.all(b, evaluations.all(c, evaluations.all(d, a + b + c + d >= 0))))"

        answer = compile_expression(nested, facts=FACTS).evaluate({"evaluations": list(range(300))})

        assert not answer.passed
        assert "iteration" in answer.error.lower()
