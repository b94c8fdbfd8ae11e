"""Checkpoints: the size and root of a tree, as C2SP tlog-checkpoint says them, signed as C2SP signed-note signs."""

import base64
import binascii
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = b"\x01"
KEY_ID_BYTES, SEED_BYTES = 4, 32
NUMBER_MAX_DIGITS = 18


class BadNoteError(ValueError):
    """The note is malformed, or is not signed by the key."""


class BadKeyError(ValueError):
    """The text is not an Ed25519 key."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What is signed: which log, how many leaves, the root over them."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


class Signer:
    """Signs checkpoints of one log with its Ed25519 key."""

    def __init__(self, origin: str, seed: str) -> None:
        """Take the key from its 32 secret bytes in base64.

        Raises:
            BadKeyError: it is none.
        """
        try:
            raw = base64.b64decode(seed.strip(), validate=True)
        except binascii.Error:
            raise BadKeyError("It is not base64.") from None
        if len(raw) != SEED_BYTES:
            raise BadKeyError(f"It has {len(raw)} bytes instead of {SEED_BYTES}.")
        self.origin = origin
        self._key = Ed25519PrivateKey.from_private_bytes(raw)

    @property
    def verifier_key(self) -> str:
        """The public key with its name, as tools for notes take it: "origin+id+base64"."""
        public = ED25519 + self._public_bytes
        return f"{self.origin}+{self._key_id.hex()}+{base64.b64encode(public).decode()}"

    def sign(self, checkpoint: Checkpoint) -> str:
        """Return the checkpoint as a signed note."""
        signature = self._key_id + self._key.sign(checkpoint.text.encode())
        return f"{checkpoint.text}\n\N{EM DASH} {self.origin} {base64.b64encode(signature).decode()}\n"

    @property
    def _public_bytes(self) -> bytes:
        return self._key.public_key().public_bytes_raw()

    @property
    def _key_id(self) -> bytes:
        return key_id(self.origin, self._public_bytes)


def key_id(name: str, public: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + ED25519 + public).digest()[:KEY_ID_BYTES]


def read_note(note: str) -> Checkpoint:
    """Return what a note says, without looking at who signed it.

    Raises:
        BadNoteError: it is no checkpoint.
    """
    text, separator, _ = note.partition("\n\n")
    lines = text.split("\n")
    if not separator or len(lines) < 3 or not lines[0]:
        raise BadNoteError("It is not a checkpoint: it needs an origin, a size and a root, then signatures.")
    origin, size, root = lines[:3]
    if not size.isascii() or not size.isdigit() or len(size) > NUMBER_MAX_DIGITS or str(int(size)) != size:
        raise BadNoteError(f"'{size[:40]}' is not the size of a tree.")
    try:
        return Checkpoint(origin, int(size), base64.b64decode(root, validate=True))
    except binascii.Error:
        raise BadNoteError(f"'{root[:60]}' is not a root in base64.") from None


def open_note(note: str, verifier_key: str) -> Checkpoint:
    """Return what a note says, signed by the key.

    Raises:
        BadNoteError: it is no checkpoint, the key did not sign it, or the signature is none of it.
    """
    checkpoint = read_note(note)
    name, _, encoded = verifier_key.split("+", 2)  # the name holds no plus, the key may
    public = base64.b64decode(encoded)[1:]
    text, _, signatures = note.partition("\n\n")
    for line in signatures.splitlines():
        dash, _, rest = line.partition(" ")
        signer, _, given = rest.rpartition(" ")
        try:
            signature = base64.b64decode(given, validate=True)
        except binascii.Error:
            raise BadNoteError("A signature line is not base64.") from None
        if dash == "\N{EM DASH}" and signer == name and signature[:KEY_ID_BYTES] == key_id(name, public):
            try:
                Ed25519PublicKey.from_public_bytes(public).verify(signature[KEY_ID_BYTES:], f"{text}\n".encode())
            except InvalidSignature:
                raise BadNoteError("The signature is not one of this checkpoint.") from None
            return checkpoint
    raise BadNoteError(f"It is not signed by {name}.")
