"""The form of an API key: `llmo_<p|s>_<30 base62><6 base62 of CRC-32>`.

The checksum lets a secret scanner, and us, reject look-alikes without asking the database. 30 base62 characters are
178 bits from the operating system's generator, so a plain SHA-256 protects them; slow hashes are for passwords.
"""

import hashlib
import re
import secrets
import zlib

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
SECRET_LENGTH = 30
CHECKSUM_LENGTH = 6
PREFIX_LENGTH = 12
FORM = re.compile(rf"^llmo_[ps]_[{ALPHABET}]{{{SECRET_LENGTH + CHECKSUM_LENGTH}}}$")


def new_key(*, for_service: bool) -> str:
    """Return a new key; it is shown once and kept only as its digest."""
    kind = "s" if for_service else "p"
    secret = "".join(secrets.choice(ALPHABET) for _ in range(SECRET_LENGTH))
    body = f"llmo_{kind}_{secret}"
    return body + checksum(body)


def checksum(body: str) -> str:
    """Return the CRC-32 of `body` as six base62 digits."""
    number, digits = zlib.crc32(body.encode()), ""
    for _ in range(CHECKSUM_LENGTH):
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits


def is_well_formed(key: str) -> bool:
    """Tell whether `key` has the form of a key, checksum included."""
    return bool(FORM.match(key)) and checksum(key[:-CHECKSUM_LENGTH]) == key[-CHECKSUM_LENGTH:]


def key_digest(key: str) -> str:
    """Return the SHA-256 of `key` in hex, by which it is looked up."""
    return hashlib.sha256(key.encode()).hexdigest()
