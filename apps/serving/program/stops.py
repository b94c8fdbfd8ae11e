"""Ending an answer at a given text, which must not itself be seen."""

from collections.abc import Callable, Sequence


class StopFilter:
    """Passes text on as it comes, up to the first of `stops`; holds back what may be the beginning of one."""

    def __init__(self, stops: Sequence[str], emit: Callable[[str], None]) -> None:
        self._stops = stops
        self._emit = emit
        self._held = ""
        self.found = False

    def push(self, text: str) -> None:
        if self.found:
            return
        self._held += text
        places = [place for stop in self._stops if (place := self._held.find(stop)) >= 0]
        self.found = bool(places)
        ready = min(places) if places else len(self._held) - self._undecided()
        if ready:
            self._emit(self._held[:ready])
        self._held = self._held[ready:]

    def flush(self) -> None:
        """Pass on what was held back, as no stop can follow any more."""
        if not self.found and self._held:
            self._emit(self._held)
        self._held = ""

    def _undecided(self) -> int:
        """Return the length of the longest end of the text that begins a stop."""
        lengths = (
            length for stop in self._stops for length in range(1, len(stop)) if self._held.endswith(stop[:length])
        )
        return max(lengths, default=0)
