"""Tabs of a page: which there are, and which one `?tab=` asks for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from apps.core.web.tones import words


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab, for `{% tab %}`."""

    name: str
    label: str
    count: int | None
    active: bool

    @property
    def href(self) -> str:
        return f"?tab={self.name}"


def tabs_of(names: Sequence[str], asked: str, *, counts: Mapping[str, int] | None = None) -> list[Tab]:
    """Return a tab for each name; the one that is `asked` for is active, the first if there is none of that name."""
    active = asked if asked in names else names[0]
    return [Tab(name, words(name), (counts or {}).get(name), name == active) for name in names]


def active_of(tabs: Sequence[Tab]) -> str:
    """Return the name of the active tab."""
    return next(tab.name for tab in tabs if tab.active)
