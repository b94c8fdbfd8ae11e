"""What the portal needs of a way to tell people something, in its own words."""

from dataclasses import dataclass
from typing import Protocol

from apps.core.errors import InvalidInputError, UnavailableError


class NotificationUnavailableError(UnavailableError):
    """Trying later may help."""

    code = "notification.unavailable"
    message = "{channel} cannot be reached: {why}"


class NotificationRefusedError(InvalidInputError):
    """The other side has read the message, or its address, and does not take it."""

    code = "notification.refused"
    message = "{channel} does not take the message: {why}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What one person is told.

    Attributes:
        id: the same however often the message is sent.
        kind: "scope.what", such as "webhook.disabled".
        email: of the person; may be empty.
        link: a whole URL, or empty.
    """

    id: str
    kind: str
    username: str
    email: str
    title: str
    body: str
    link: str


class Notifier(Protocol):
    """One way to tell people. Raises the two errors above, and nothing of its client's own."""

    channel: str

    def reaches(self, message: Message) -> bool:
        """Tell whether there is an address to send to at all."""

    def send(self, message: Message) -> None:
        """Send, once; returns when the other side has taken the message."""
