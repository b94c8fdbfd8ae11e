"""Signed notes, against the published example of Go's package for them."""

import base64
import importlib.util
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from apps.governance.sealing.notes import BadKeyError, BadNoteError, Checkpoint, Signer, key_id, open_note, read_note

NEUMANN = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
SAID = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
SIGNED = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
SEED = base64.b64encode(bytes(range(32))).decode()
SIGNER = Signer("portal.example/audit-log", SEED)
CHECKPOINT = Checkpoint("portal.example/audit-log", 7, b"r" * 32)


def script():
    spec = importlib.util.spec_from_file_location("llmops_verify", Path(settings.BASE_DIR, "tools", "llmops_verify.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


VERIFY = script()


class TestNotes:
    def test_name_their_key_as_the_published_example_does(self):
        name, known, encoded = NEUMANN.split("+", 2)

        assert key_id(name, base64.b64decode(encoded)[1:]).hex() == known

    def test_open_with_the_key_that_signed_them(self):
        assert open_note(SIGNER.sign(CHECKPOINT), SIGNER.verifier_key) == CHECKPOINT

    def test_of_one_checkpoint_are_the_same_each_time(self):
        assert SIGNER.sign(CHECKPOINT) == Signer("portal.example/audit-log", f"{SEED}\n").sign(CHECKPOINT)

    @pytest.mark.parametrize(
        ("change", "complaint"),
        [
            (lambda note: note.replace("\n7\n", "\n8\n"), "not one of this checkpoint"),
            (lambda note: note.replace("\N{EM DASH}", "-"), "not signed by"),
            (lambda note: note.replace("audit-log ", "other-log "), "not signed by"),
            (lambda note: note.replace("\n7\n", "\n07\n"), "is not the size of a tree"),
            (lambda note: note.replace("\n7\n", "\n-7\n"), "is not the size of a tree"),
            (lambda note: note.partition("\n\n")[0], "It is not a checkpoint"),
            (lambda note: note.replace("cnJy", "!", 1), "is not a root in base64"),
            (lambda note: note[:-3] + "\n", "not base64"),
        ],
    )
    def test_that_were_changed_are_refused(self, change, complaint):
        with pytest.raises(BadNoteError, match=complaint):
            open_note(change(SIGNER.sign(CHECKPOINT)), SIGNER.verifier_key)

    def test_of_another_key_are_refused(self):
        other = Signer("portal.example/audit-log", base64.b64encode(bytes(32)).decode())

        with pytest.raises(BadNoteError, match="not signed by"):
            open_note(other.sign(CHECKPOINT), SIGNER.verifier_key)

    def test_can_be_read_without_a_key(self):
        assert read_note(SIGNER.sign(CHECKPOINT)) == CHECKPOINT

    @pytest.mark.parametrize(
        ("seed", "complaint"), [("nonsense!", "not base64"), ("AAAA", "has 3 bytes instead of 32")]
    )
    def test_need_a_key_that_is_one(self, seed, complaint):
        with pytest.raises(BadKeyError, match=complaint):
            Signer("origin", seed)


class TestTheScriptsOwnSignatures:
    def test_hold_for_the_published_example(self):
        public, signature = base64.b64decode(NEUMANN.split("+", 2)[2])[1:], base64.b64decode(SIGNED)[4:]

        assert VERIFY.is_signed(public, SAID.encode(), signature)
        assert not VERIFY.is_signed(public, SAID.encode() + b"!", signature)

    @limits(max_examples=25)
    @given(seed=st.binary(min_size=32, max_size=32), message=st.binary(max_size=200), at=st.integers(0, 511))
    def test_are_those_that_the_cryptography_library_makes(self, seed, message, at):
        key = Ed25519PrivateKey.from_private_bytes(seed)
        public, signature = key.public_key().public_bytes_raw(), key.sign(message)
        damaged = bytearray(signature)
        damaged[at // 8] ^= 1 << at % 8

        assert VERIFY.is_signed(public, message, signature)
        assert not VERIFY.is_signed(public, message, bytes(damaged))

    def test_are_refused_where_the_same_could_be_written_twice(self):
        key = Ed25519PrivateKey.from_private_bytes(bytes(32))
        public, signature = key.public_key().public_bytes_raw(), key.sign(b"said")
        larger = int.from_bytes(signature[32:], "little") + VERIFY.ORDER

        assert not VERIFY.is_signed(public, b"said", signature[:32] + larger.to_bytes(32, "little"))
        assert not VERIFY.is_signed(b"\xff" * 32, b"said", signature)
        assert not VERIFY.is_signed(public, b"said", signature[:-1])

    def test_are_checked_in_fewer_than_three_hundred_lines(self):
        source = Path(settings.BASE_DIR, "tools", "llmops_verify.py").read_text()

        assert len(source.splitlines()) < 300
        assert "django" not in source.lower()
