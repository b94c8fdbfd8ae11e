"""Text that others made, fit to be kept: PostgreSQL takes neither a NUL nor half of a surrogate pair."""

import math
import re
from typing import Any

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

_UNKEEPABLE = re.compile("[\x00\ud800-\udfff]")


def kept_text(text: str) -> str:
    """Return `text` with every character that cannot be kept replaced by U+FFFD.

    What processes, models and callers write goes through here before it is kept, so that none of it can make a row
    that the database refuses each time it is written.
    """
    return _UNKEEPABLE.sub(REPLACEMENT, text)


def kept_json(value: Any) -> Any:
    """Return parsed JSON whose texts can be kept; NaN and the infinities, which no JSON column takes, become None."""
    if isinstance(value, str):
        return kept_text(value)
    if isinstance(value, dict):
        return {kept_text(name): kept_json(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [kept_json(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
