"""What a person at a terminal is told when something cannot be done."""


class LocalError(Exception):
    """Something on this machine stands in the way. The message is one line: what, where, and how to mend it."""
