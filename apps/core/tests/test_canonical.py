import pytest

from apps.core.canonical import canonical_bytes, digest_of


class TestCanonicalBytes:
    def test_does_not_depend_on_the_order_of_keys(self):
        assert canonical_bytes({"b": 1, "a": [1, 2]}) == canonical_bytes({"a": [1, 2], "b": 1}) == b'{"a":[1,2],"b":1}'

    def test_keeps_text_as_utf8(self):
        assert canonical_bytes("환불") == '"환불"'.encode()

    def test_refuses_what_has_no_one_form(self):
        with pytest.raises(ValueError, match="JSON compliant"):
            canonical_bytes(float("nan"))


def test_a_digest_names_its_algorithm():
    assert digest_of({}) == "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
