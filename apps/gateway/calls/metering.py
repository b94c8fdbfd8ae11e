"""Counting what passed: from what the upstream says where it says it, else from what was seen."""

from typing import Any

# What text has on average; only where the upstream did not count.
CHARS_PER_TOKEN = 4


class Meter:
    """Counts the tokens of one call.

    Attributes:
        prompt_tokens, completion_tokens: so far.
        is_estimated: the upstream did not say; counted from what passed.
    """

    def __init__(self, prompt_chars: int) -> None:
        self._prompt_chars = prompt_chars
        self._is_stated = False
        self.prompt_tokens = 0
        self.completion_tokens = 0

    @property
    def is_estimated(self) -> bool:
        return not self._is_stated and bool(self.prompt_tokens or self.completion_tokens)

    def take_usage(self, usage: Any) -> None:
        """Take over what the upstream says, if it says anything that can be read."""
        if not isinstance(usage, dict):
            return
        counts = [usage.get("prompt_tokens", 0), usage.get("completion_tokens", 0)]
        if all(isinstance(count, int) and 0 <= count < 2**31 for count in counts):
            self.prompt_tokens, self.completion_tokens = counts
            self._is_stated = True

    def count_prompt(self) -> None:
        """Count the prompt: the upstream has begun to work on it."""
        if not self._is_stated and not self.prompt_tokens:
            self.prompt_tokens = _tokens(self._prompt_chars)

    def count_piece(self) -> None:
        """Count one piece of a stream; servers send a token a piece."""
        if not self._is_stated:
            self.count_prompt()
            self.completion_tokens += 1

    def count_answer(self, chars: int) -> None:
        """Count a whole answer by its length."""
        if not self._is_stated:
            self.count_prompt()
            self.completion_tokens += _tokens(chars)


def _tokens(chars: int) -> int:
    return -(-chars // CHARS_PER_TOKEN)
