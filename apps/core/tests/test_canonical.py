from uuid import uuid4

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from apps.core.canonical import canonical_bytes, digest_of


class TestCanonicalBytes:
    def test_does_not_depend_on_the_order_of_keys(self):
        assert canonical_bytes({"b": 1, "a": [1, 2]}) == canonical_bytes({"a": [1, 2], "b": 1}) == b'{"a":[1,2],"b":1}'

    def test_keeps_text_as_utf8(self):
        assert canonical_bytes("환불") == '"환불"'.encode()

    def test_refuses_what_has_no_one_form(self):
        with pytest.raises(ValueError, match="JSON compliant"):
            canonical_bytes(float("nan"))

    def test_refuses_keys_whose_order_is_not_that_of_text(self):
        with pytest.raises(TypeError, match="the key 9 of type int is not text"):
            canonical_bytes({9: "a", 10: "b"})

    @pytest.mark.parametrize("beside", [None, 1.0, 1e-7, "\U0001f600"], ids=["null", "whole", "exponent", "beyond"])
    def test_of_an_id_is_that_of_its_text_whatever_stands_beside_it(self, beside):
        name = uuid4()

        assert canonical_bytes([name, beside]) == rfc8785.dumps([str(name), beside])

    @pytest.mark.parametrize(
        ("number", "written"),
        [(1.0, b"1"), (-0.0, b"0"), (1e16, b"10000000000000000"), (1e-5, b"0.00001"), (1e22, b"1e+22"), (0.5, b"0.5")],
    )
    def test_writes_numbers_as_ecmascript_does(self, number, written):
        assert canonical_bytes(number) == written
        assert canonical_bytes([number]) == b"[" + written + b"]"

    def test_sorts_keys_as_utf16_does(self):
        assert canonical_bytes({"\ue000": 1, "\U0001f600": 2}) == '{"\U0001f600":2,"\ue000":1}'.encode()

    @given(
        st.recursive(
            st.none()
            | st.booleans()
            | st.integers(-(2**53) + 1, 2**53 - 1)
            | st.floats(allow_nan=False, allow_infinity=False)
            | st.text(st.characters(exclude_categories=["Cs"])),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
        )
    )
    def test_is_rfc_8785_for_every_document(self, document):
        assert canonical_bytes(document) == rfc8785.dumps(document)


def test_a_digest_names_its_algorithm():
    assert digest_of({}) == "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
