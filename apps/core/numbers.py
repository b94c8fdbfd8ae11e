"""Whole numbers that arrive as text, in queries and headers."""


def whole_number(text: str, *, most: int) -> int | None:
    """Return the number that `text` writes in plain digits, or None where it is none from 0 to `most`."""
    # Python refuses to read thousands of digits, and takes the digits of every script.
    if not text.isascii() or not text.isdigit() or len(text) > len(str(most)):
        return None
    number = int(text)
    return number if number <= most else None
