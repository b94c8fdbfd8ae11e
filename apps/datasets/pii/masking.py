"""Masking: in a text that goes on living, and in a sample that is shown."""

from collections.abc import Callable
from typing import Any

from apps.datasets.pii.finding import Found, find_pii
from apps.datasets.pii.kinds import PiiKind

PLACEHOLDER = {
    PiiKind.EMAIL: "[EMAIL]",
    PiiKind.PHONE: "[PHONE]",
    PiiKind.RESIDENT_REGISTRATION_NUMBER: "[RRN]",
    PiiKind.CREDIT_CARD: "[CARD]",
    PiiKind.IBAN: "[IBAN]",
}


def mask_pii(text: str) -> tuple[str, int]:
    """Return `text` with a placeholder for each item of personal data, and how many there were."""
    found = find_pii(text)
    for item in reversed(found):
        text = text[: item.start] + PLACEHOLDER[item.kind] + text[item.end :]
    return text, len(found)


def masked_sample(item: Found) -> str:
    """Return enough of an item for somebody who has the file to recognise it, and too little to use it."""
    return _SAMPLES[item.kind](item.value)


def _email(value: str) -> str:
    return f"{value[0]}***@***.{value.rsplit('.', 1)[-1]}"


_SAMPLES: dict[PiiKind, Callable[[Any], str]] = {
    PiiKind.EMAIL: _email,
    PiiKind.PHONE: lambda value: f"***-****-**{value[-2:]}",
    PiiKind.RESIDENT_REGISTRATION_NUMBER: lambda _: "******-*******",
    PiiKind.CREDIT_CARD: lambda value: f"**** **** **** {value[-4:]}",
    PiiKind.IBAN: lambda value: f"{value[:2]}** **** **{value[-2:]}",
}
