import enum
import json
from datetime import UTC, datetime
from uuid import UUID

import pytest

from apps.core.strict_json import json_bytes

ID = UUID("01960d6e-0000-7000-8000-000000000001")


class Colour(enum.Enum):
    RED = "red"


@pytest.mark.parametrize("beside", [{}, {"nothing": None}, {"long": 2**70}], ids=["plain", "null", "long"])
class TestWhicheverEncoderWrites:
    def test_ids_and_members_are_their_text(self, beside):
        written = json.loads(json_bytes({"id": ID, "colour": Colour.RED, **beside}))

        assert written == {"id": str(ID), "colour": "red", **beside}

    def test_text_stays_text(self, beside):
        assert '"환불"' in json_bytes({"reason": "환불", **beside}).decode()

    @pytest.mark.parametrize("number", [float("nan"), float("inf")])
    def test_what_is_no_number_is_refused_and_does_not_become_null(self, number, beside):
        with pytest.raises(ValueError, match="JSON compliant"):
            json_bytes({"score": [number], **beside})

    @pytest.mark.parametrize("value", [datetime(2026, 1, 1, tzinfo=UTC), b"bytes", {1, 2}], ids=type)
    def test_what_json_cannot_hold_is_named(self, value, beside):
        with pytest.raises(TypeError, match=f"of type {type(value).__name__} is not JSON"):
            json_bytes({"value": value, **beside})

    @pytest.mark.parametrize("key", [1, True, None, ID], ids=type)
    def test_a_key_that_is_not_text_is_named(self, key, beside):
        with pytest.raises(TypeError, match="is not text; JSON has no other keys"):
            json_bytes({"deep": [{key: 1}], **beside})


def test_keys_are_sorted_where_that_is_wanted():
    assert json_bytes({"b": None, "a": 1}, sort_keys=True) == b'{"a":1,"b":null}'
    assert json_bytes({"b": 2, "a": 1}) == b'{"b":2,"a":1}'


def test_half_a_surrogate_pair_is_refused():
    with pytest.raises(UnicodeEncodeError):
        json_bytes("\ud800")
