import pytest

from apps.prompts.errors import PromptTextError, VariablesError
from apps.prompts.rendering import MAX_RENDERED_CHARS, render, render_messages, variables_in


class TestVariablesIn:
    def test_names_each_once_in_reading_order(self):
        assert variables_in("{{ b }} {{a}} {{ b }}", "{{ c_1 }}") == ["b", "a", "c_1"]

    def test_leaves_single_braces_and_nested_json_alone(self):
        assert variables_in('{"a": {"b": {"c": 1}}} {% if x %} {# note #}') == []

    @pytest.mark.parametrize(
        "text",
        ["{{ a|upper }}", "{{ a.b }}", "{{ 1a }}", "{{}}", "{{ a b }}", "{{ a", "{{\na }}", "{{ {{ a }}"],
    )
    def test_refuses_everything_else_that_opens_like_a_variable(self, text):
        with pytest.raises(PromptTextError):
            variables_in(text)

    def test_names_line_and_column_of_every_fault(self):
        with pytest.raises(PromptTextError) as refused:
            variables_in("Hello {{ name }}\nyou {{ x.y }} and {{ z|safe }}")

        places = [rule.message.split(":")[0] for rule in refused.value.rules]
        assert places == ["Line 2, column 5", "Line 2, column 19"]


class TestRender:
    def test_replaces_every_occurrence_and_keeps_the_rest(self):
        assert render("{{ a }}-{{a}} {a} }} {{{ a }}}", {"a": "x"}) == "x-x {a} }} {x}"

    def test_never_reads_what_was_put_in(self):
        assert render("{{ a }}{{ b }}", {"a": "{{ b }}", "b": "secret"}) == "{{ b }}secret"

    def test_keeps_korean_and_backslashes(self):
        assert render("문의: {{ m }}", {"m": r"환불 \1 \g<0>"}) == r"문의: 환불 \1 \g<0>"

    def test_writes_numbers(self):
        assert render("{{ n }} {{ x }}", {"n": 3, "x": 0.5}) == "3 0.5"

    def test_names_every_variable_that_is_missing_unknown_or_no_text(self):
        with pytest.raises(VariablesError) as refused:
            render("{{ message }} {{ tone }}", {"mesage": "x", "tone": ["calm"]})

        assert {rule.field: rule.rule for rule in refused.value.rules} == {
            "variables.message": "variable_given",
            "variables.mesage": "variable_known",
            "variables.tone": "variable_is_text",
        }
        assert "Did you mean 'message'?" in refused.value.fields["variables.mesage"][0]

    def test_refuses_true_and_nothing_as_values(self):
        for value in (True, None):
            with pytest.raises(VariablesError):
                render("{{ a }}", {"a": value})

    def test_refuses_to_grow_without_bound(self):
        text = "{{ a }}" * 1000

        with pytest.raises(VariablesError, match="at most 1,000,000"):
            render(text, {"a": "x" * (MAX_RENDERED_CHARS // 999)})


class TestRenderMessages:
    def test_shares_variables_between_both_messages(self):
        messages = render_messages("Be {{ tone }}.", "{{ message }} ({{ tone }})", {"tone": "calm", "message": "Hi"})

        assert messages == [
            {"role": "system", "content": "Be calm."},
            {"role": "user", "content": "Hi (calm)"},
        ]

    def test_has_no_empty_system_message(self):
        assert render_messages("", "Hi", {}) == [{"role": "user", "content": "Hi"}]
