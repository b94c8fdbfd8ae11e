"""The embedding that needs no model: character n-grams hashed into a fixed number of dimensions.

Lexical, not semantic, and equally good in Korean and English; a model-based one takes its place behind `embed`.
Source: Weinberger et al. 2009, "Feature hashing for large scale multitask learning", arXiv:0902.2206, section 2.
"""

import hashlib
import re
from collections import Counter

import numpy as np
from numpy.typing import NDArray

DIMENSIONS = 512
_SPACES = re.compile(r"\s+")


def embed(text: str, *, sizes: tuple[int, ...] = (2, 3, 4)) -> NDArray[np.float32]:
    """Return the embedding of `text`, shape (512,), of length 1 (all zero for a text without characters)."""
    vector = np.zeros(DIMENSIONS, dtype=np.float32)
    for gram, count in Counter(_grams(text, sizes)).items():
        hashed = int.from_bytes(hashlib.blake2b(gram.encode(), digest_size=8).digest(), "big")
        sign = 1.0 if hashed & 1 else -1.0
        vector[(hashed >> 1) % DIMENSIONS] += sign * (1.0 + np.log(count))
    length = float(np.linalg.norm(vector))
    return vector / length if length else vector


def _grams(text: str, sizes: tuple[int, ...]) -> list[str]:
    plain = f" {_SPACES.sub(' ', text.casefold()).strip()} "
    return (
        [plain[start : start + size] for size in sizes for start in range(len(plain) - size + 1)]
        if plain.strip()
        else []
    )
