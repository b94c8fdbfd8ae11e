"""Cutting a text into passages that are small enough to be shown to a model and whole enough to be understood."""

import re
from collections.abc import Iterator

PASSAGE_CHARACTERS = 800

_PARAGRAPH = re.compile(r"\n\s*\n")
_SENTENCE = re.compile(r"(?<=[.!?。？！])\s+|\n")


def passages(text: str, *, most: int = PASSAGE_CHARACTERS) -> list[str]:
    """Return `text` as passages of at most `most` characters, in order, none empty.

    Short paragraphs stand together; long ones are cut between sentences, and a sentence that is still too long
    between words, or anywhere if it has none.
    """
    packed: list[str] = []
    for piece in _pieces(text, most):
        if packed and len(packed[-1]) + 1 + len(piece) <= most:
            packed[-1] = f"{packed[-1]}\n{piece}"
        else:
            packed.append(piece)
    return packed


def _pieces(text: str, most: int) -> Iterator[str]:
    for paragraph in _PARAGRAPH.split(text):
        plain = paragraph.strip()
        if len(plain) <= most:
            if plain:
                yield plain
            continue
        for sentence in _SENTENCE.split(plain):
            yield from _cut(sentence.strip(), most)


def _cut(sentence: str, most: int) -> Iterator[str]:
    while len(sentence) > most:
        place = sentence.rfind(" ", 1, most + 1)
        place = place if place > 0 else most
        yield sentence[:place].rstrip()
        sentence = sentence[place:].lstrip()
    if sentence:
        yield sentence
