import pytest

from apps.governance import rules
from apps.governance.fact_shapes import Flag, ListOf, MapOf, Number, Record, Text, Whole
from apps.governance.rule_limits import ExpressionError
from apps.governance.rules import Answer, Known, Vocabulary

WORDS = Text(description="Any text.")
FACTS = {
    "validation": Record(
        fields={
            "validated": Flag(description="Whether it was."),
            "score": Number(description="How good it is."),
            "rows": Whole(description="How many."),
            "licence": Text(description="Perhaps.", nullable=True),
            "parent": Record(fields={"name": WORDS}, nullable=True),
        }
    ),
    "runs": ListOf(
        item=Record(
            fields={
                "n": Whole(description="How many."),
                "name": WORDS,
                "metrics": MapOf(key="f1", value=Record(fields={"low": Number(description="Lower end.")})),
            }
        )
    ),
    "params": Record(fields={"least": Number(description="Lowest.")}),
}


def compiled(source):
    return Vocabulary(FACTS).compile(source)


def answer(source, **facts):
    return compiled(source).evaluate(Known(facts))


class TestCompile:
    @pytest.mark.parametrize(
        ("source", "why"),
        [
            (
                "true\n&& validatio.validated",
                r"line 2, column \d+: there is no fact 'validatio'. Did you mean 'validation'",
            ),
            ("validation.valid", r"line 1, column 11: validation has no 'valid'. Did you mean 'validated'\?"),
            ("runs.exists(run, run.current)", r"runs\[\] has no 'current'"),
            ("runs.all(run, run.metrics.f1.lo > 0.5)", r"runs\[\].metrics.f1 has no 'lo'. Did you mean 'low'"),
            ("validation.parent.nam == ''", r"validation.parent has no 'nam'"),
            ("validation.licence == 3", "no matching overload"),
            ("validation.score >= 3", "wrap the whole number in double"),
            ("validation.validated ==", "Syntax error"),
            ("runs.size()", "it answers INT, not true or false"),
            ("validation.parent", "it answers a map, not true or false"),
            ("has(validation.nothing)", "validation has no 'nothing'"),
        ],
    )
    def test_refuses_with_line_column_and_what_there_is(self, source, why):
        with pytest.raises(ExpressionError, match=why):
            compiled(source)

    @pytest.mark.parametrize(
        "source",
        [
            "validation.licence == null || validation.licence == 'MIT'",
            "validation.parent == null || validation.parent.name != ''",
            "runs.exists(run, 'f1' in run.metrics && run.metrics['f1'].low >= params.least)",
            'validation.licence.matches("^[A-Z][A-Za-z0-9.-]+$")',
            '"한국어" != validation.licence',
        ],
    )
    def test_takes_what_the_shapes_know(self, source):
        assert compiled(source).source == source


class TestWhatTheBudgetDoesNotBound:
    @pytest.mark.parametrize(
        "source",
        ["validation.licence + 'x' != ''", "[1] + [2] == [1, 2]", "dyn(runs) == dyn(runs)"],
    )
    def test_nothing_grows(self, source):
        with pytest.raises(ExpressionError):
            compiled(source)

    @pytest.mark.parametrize(
        "source",
        [
            "runs.all(run, run.name.matches(run.name))",
            "runs.all(run, matches(run.name, run.name))",
            'r"\\" == "" && runs.all(run, run.name.matches(run.name)) && "" == ""',
            '// "\nruns.all(run, run.name.matches(run.name)) // "',
            "'''\"''' != '' && runs.all(run, run.name.matches(run.name)) && '\"' != ''",
        ],
    )
    def test_no_pattern_comes_from_a_fact_however_it_is_hidden(self, source):
        with pytest.raises(ExpressionError, match="written out as a text"):
            compiled(source)

    def test_a_pattern_that_is_none_is_refused_where_it_stands(self):
        with pytest.raises(ExpressionError, match=r"line 1, column 28: .*missing \)"):
            compiled('validation.licence.matches("(a")')

    def test_a_pattern_that_would_backtrack_elsewhere_answers(self):
        assert answer('validation.licence.matches("^(a+)+$")', validation={"licence": "a" * 5000 + "!"}) == Answer(
            False
        )

    @pytest.mark.parametrize("pattern", ["(.{1,50}){1,9}x", ".{60}.{60}", "a" * 201, ".{2}{3}"])
    def test_a_pattern_repeats_no_more_than_it_may(self, pattern):
        with pytest.raises(ExpressionError, match=r"repeats no group|add up to 100|200 are allowed"):
            compiled(f'validation.licence.matches("{pattern}")')

    def test_a_digest_is_a_pattern(self):
        licence = "0123456789abcdef" * 4

        assert answer('validation.licence.matches("^[0-9a-f]{64}$")', validation={"licence": licence}).passed

    def test_lists_are_mapped_and_filtered(self):
        runs = [{"n": 1, "name": "a"}, {"n": 5, "name": "b"}]

        assert answer('runs.filter(run, run.n > 2).map(run, run.name) == ["b"]', runs=runs).passed

    def test_an_expression_is_no_longer_than_it_may_be(self):
        with pytest.raises(ExpressionError, match="4,000 are allowed"):
            compiled("true" + " && true" * 1000)


class TestEvaluate:
    def test_allows_only_on_true(self):
        assert answer("validation.validated", validation={"validated": True}) == Answer(True)
        assert answer("validation.validated", validation={"validated": False}) == Answer(False)

    @pytest.mark.parametrize("value", [None, 1, "true", [], {}])
    def test_denies_on_anything_that_is_not_a_boolean(self, value):
        found = answer("validation.validated", validation={"validated": value})

        assert not found.passed
        assert "not true or false" in found.error

    def test_denies_on_a_missing_fact_and_names_it_in_full(self):
        assert answer("validation.score > 3.0", validation={}) == Answer(
            False, "the fact 'validation.score' is missing"
        )

    def test_denies_when_a_whole_group_of_facts_is_missing(self):
        assert answer("validation.score > 3.0") == Answer(False, "the fact 'validation' is missing")

    def test_compares_whole_numbers_and_fractions(self):
        assert answer("validation.score >= params.least", validation={"score": 60}, params={"least": 60.0}).passed

    def test_stops_a_loop_that_would_not_end(self):
        nested = "runs.all(a, runs.all(b, runs.all(c, runs.all(d, a.n <= b.n || c.n <= d.n))))"

        found = answer(nested, runs=[{"n": 1}] * 300)

        assert not found.passed
        assert "iteration" in found.error.lower()

    def test_asks_no_further_once_the_time_is_spent(self, monkeypatch):
        monkeypatch.setattr(rules, "CPU_LIMIT_MS", -1)

        found = answer("validation.validated", validation={"validated": True})

        assert (found.passed, "were spent" in found.error) == (False, True)


def test_describe_lists_every_fact_with_type_and_example():
    described = {line.path: line for line in rules.describe(FACTS)}

    assert described["validation.score"].type == "number"
    assert described["validation.licence"].type == "text, or null"
    assert "runs[].metrics.f1.low" in described
