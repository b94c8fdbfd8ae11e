"""Secrets that the portal must be able to read again, such as what it signs with: encrypted wherever they are kept.

The key comes from DJANGO_SECRET_KEY. After that changes, what was sealed before is read with the keys in
DJANGO_SECRET_KEY_FALLBACKS.
"""

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from apps.core.errors import ConflictError

FORM = "v1."
NONCE_BYTES = 12


class SealBrokenError(ConflictError):
    """The secret was sealed under a key that the portal no longer has, or for something else."""

    code = "core.seal_broken"
    message = "The secret cannot be read: DJANGO_SECRET_KEY was changed. Make a new secret, or restore the old key."


def seal(secret: str, *, purpose: str, owner: str) -> str:
    """Return `secret` encrypted (AES-256-GCM).

    Args:
        purpose: what it is for; each purpose has a key of its own.
        owner: whose it is, such as a row's id. It opens for no other, so that swapping two sealed texts is noticed.
    """
    nonce = os.urandom(NONCE_BYTES)
    sealed = AESGCM(_key(settings.SECRET_KEY, purpose)).encrypt(nonce, secret.encode(), owner.encode())
    return FORM + urlsafe_b64encode(nonce + sealed).decode()


def unseal(sealed: str, *, purpose: str, owner: str) -> str:
    """Return the secret again.

    Raises:
        SealBrokenError: it does not open.
    """
    content = urlsafe_b64decode(sealed.removeprefix(FORM))
    for secret_key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        cipher = AESGCM(_key(secret_key, purpose))
        try:
            return cipher.decrypt(content[:NONCE_BYTES], content[NONCE_BYTES:], owner.encode()).decode()
        except InvalidTag:
            continue
    raise SealBrokenError


def _key(secret_key: str, purpose: str) -> bytes:
    derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"llmops sealing: {purpose}".encode())
    return derivation.derive(secret_key.encode())
