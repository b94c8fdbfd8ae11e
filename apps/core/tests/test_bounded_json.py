import json

import pytest
from django import forms

from apps.core.bounded_json import DEPTH_MAX, UnreadableJsonError, read_json
from apps.core.web.fields import BoundedJSONField

UNREADABLE = {
    "no JSON": "{'a': 1}",
    "nothing": "",
    "a NUL": r'{"a": "\u0000"}',
    "a NUL in a name": r'{"a\u0000": 1}',
    "half a surrogate pair": r'{"a": "\ud800"}',
    "infinity": "[1e400]",
    "not a number": "[NaN]",
    "too deep to parse": "[" * 100_000,
    "too deep to keep": "[" * (DEPTH_MAX + 1) + "]" * (DEPTH_MAX + 1),
}
unreadable = pytest.mark.parametrize("raw", UNREADABLE.values(), ids=UNREADABLE.keys())


class TestReadJson:
    @unreadable
    def test_refuses_what_could_not_be_kept(self, raw):
        with pytest.raises(UnreadableJsonError):
            read_json(raw.encode())

    @pytest.mark.parametrize("value", [{"a": [1, 2.5, "안\\u0000", None, True]}, [[]] * 1000, "text", 0])
    def test_returns_everything_else(self, value):
        assert read_json(json.dumps(value)) == value

    def test_goes_as_deep_as_it_says(self):
        raw = "[" * DEPTH_MAX + "]" * DEPTH_MAX

        assert json.dumps(read_json(raw)) == raw


class TestBoundedJSONField:
    class Form(forms.Form):
        metadata = BoundedJSONField(required=False)

    @unreadable
    def test_says_what_is_wrong_and_can_be_shown_again(self, raw):
        form = self.Form({"metadata": raw})

        assert form.is_valid() is (raw == "")
        assert "<textarea" in str(form["metadata"])
