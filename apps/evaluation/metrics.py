"""How well an answer matches its reference.

Source: Rajpurkar et al. 2016, "SQuAD: 100,000+ questions for machine comprehension of text", arXiv:1606.05250,
section 6.1, and the authors' evaluation script: answers are normalised, then compared as a whole or as bags of tokens.
Tokens are what white space separates, in Korean too; Hangul is composed first (NFC), so that both ways of writing a
syllable agree.
"""

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Callable

_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLES = re.compile(r"\b(a|an|the)\b")


def normalised(text: str) -> str:
    """Return `text` in lower case, without punctuation and English articles, with single spaces."""
    plain = unicodedata.normalize("NFC", text).lower().translate(_PUNCTUATION)
    return " ".join(_ARTICLES.sub(" ", plain).split())


def exact_match(prediction: str, reference: str) -> float:
    """Return 1.0 where the two are equal once normalised, else 0.0."""
    return float(normalised(prediction) == normalised(reference))


def token_f1(prediction: str, reference: str) -> float:
    """Return the harmonic mean of precision and recall of the tokens that both have, in [0, 1].

    Where one of them has no tokens it is 1.0 if the other has none either, else 0.0.
    """
    given, wanted = normalised(prediction).split(), normalised(reference).split()
    if not given or not wanted:
        return float(given == wanted)
    common = sum((Counter(given) & Counter(wanted)).values())
    if not common:
        return 0.0
    precision, recall = common / len(given), common / len(wanted)
    return 2 * precision * recall / (precision + recall)


LABELS = {"exact_match": "Exact match", "token_f1": "Token F1"}
METRICS: dict[str, Callable[[str, str], float]] = {"exact_match": exact_match, "token_f1": token_f1}
