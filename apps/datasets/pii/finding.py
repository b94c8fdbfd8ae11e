"""Finding personal data in one text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from apps.datasets.pii.detectors import cards, emails, ibans, phones, resident_numbers
from apps.datasets.pii.kinds import PiiKind

# Full-width digits and the many hyphens and spaces become plain ones. One character each, so that places stay right.
PLAIN = str.maketrans(
    {chr(0xFF10 + digit): str(digit) for digit in range(10)}
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212\uff0d\ufe63", "-")
    | dict.fromkeys("\u00a0\u2002\u2003\u2007\u2009\u202f\u3000", " ")
    | {"\uff20": "@", "\uff0b": "+", "\uff08": "(", "\uff09": ")", "\uff0e": "."}
)
_ANY_SIGN = re.compile(r"[\d@\uff20]")  # without a digit or an @ there is nothing to find; most texts end here
# Every kind but e-mail has at least nine digits with little between them; most texts have not.
_MANY_DIGITS = re.compile(r"[0-9](?:[ ().\-/+]{0,2}[0-9]){7}")


@dataclass(frozen=True, slots=True)
class Found:
    """One item of personal data in a text.

    Attributes:
        start, end: where it stands, as in `text[start:end]`.
        value: the bare value, by which the same item is known again. Keep it in memory only.
    """

    kind: PiiKind
    start: int
    end: int
    value: str


def find_pii(text: str) -> list[Found]:
    """Return the personal data in `text`, in order, without overlaps; the stricter kind wins where two would fit."""
    if _ANY_SIGN.search(text) is None:
        return []
    plain = text if text.isascii() else text.translate(PLAIN)
    found: list[Found] = []
    for kind, start, end, value in _candidates(plain):
        if not any(start < other.end and other.start < end for other in found):
            found.append(Found(kind, start, end, value))
    return sorted(found, key=lambda item: item.start)


def _candidates(text: str) -> Iterator[tuple[PiiKind, int, int, str]]:
    if "@" in text:
        for start, end, value in emails(text):
            yield PiiKind.EMAIL, start, end, value
    if _MANY_DIGITS.search(text) is None:
        return
    for kind, detector in (
        (PiiKind.IBAN, ibans),
        (PiiKind.CREDIT_CARD, cards),
        (PiiKind.RESIDENT_REGISTRATION_NUMBER, resident_numbers),
        (PiiKind.PHONE, phones),
    ):
        for start, end, value in detector(text):
            yield kind, start, end, value
