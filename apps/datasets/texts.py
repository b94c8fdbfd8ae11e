"""The texts inside a row's values, however deep, and the same row with its texts changed."""

from collections.abc import Callable, Iterator
from typing import Any

NUMBER_WITH_MEANING = 10**8  # nine digits: from here on a whole number may be a card or a phone number


def texts_in(value: Any) -> Iterator[str]:
    """Yield every text in `value`, names of inner fields aside; whole numbers of nine digits and more count as text."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from texts_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts_in(inner)
    elif type(value) is int and value >= NUMBER_WITH_MEANING:
        yield str(value)


def with_texts(value: Any, change: Callable[[str], str]) -> Any:
    """Return `value` with `change` applied to every text in it; a number that changes becomes text."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {name: with_texts(inner, change) for name, inner in value.items()}
    if isinstance(value, list):
        return [with_texts(inner, change) for inner in value]
    if type(value) is int and value >= NUMBER_WITH_MEANING:
        changed = change(str(value))
        return value if changed == str(value) else changed
    return value
