"""What every way to tell people promises, tried on each against a server that speaks its protocol."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage

import pytest
from standardwebhooks.webhooks import Webhook

from apps.integrations.egress import resolving
from apps.integrations.egress.signing import new_secret
from apps.integrations.egress.tests.conftest import serving
from apps.integrations.notification.base import (
    Message,
    NotificationRefusedError,
    NotificationUnavailableError,
    Notifier,
)
from apps.integrations.notification.email import EmailNotifier
from apps.integrations.notification.notifiers import notifiers
from apps.integrations.notification.tests.mailserver import MailServer
from apps.integrations.notification.webhook import WebhookNotifier

MESSAGE = Message(
    id="0190a1b2-0000-7000-8000-000000000000",
    kind="approval.reminder",
    username="mina",
    email="mina@example.com",
    title="고객의 소리 2 waits\r\nBcc: everybody@example.com",
    body="It waits since Monday.\n.\nMore below the dot.",
    link="https://portal.example.com/governance/approvals/",
)
SECRET = new_secret()


@dataclass
class World:
    """One way, with what stands at its other end."""

    notifier: Notifier
    answer: Callable[[str], None]  # "taken", "refused", "busy" or "gone"
    said: Callable[[], list[tuple[str, str]]]  # id and text of each message that arrived


@pytest.fixture
def email(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.DEFAULT_FROM_EMAIL = "Portal <portal@example.com>"
    with MailServer() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        settings.EMAIL_PORT = server.server_address[1]

        def answer(how: str) -> None:
            if how == "gone":
                settings.EMAIL_PORT = 9
            server.mailbox.code = {"refused": 550, "busy": 451}.get(how, 250)

        def said() -> list[tuple[str, str]]:
            return [(mail["Message-ID"], f"{mail['Subject']}\n{_text(mail)}") for mail in server.mailbox.taken]

        yield World(EmailNotifier(), answer, said), server.mailbox
        server.shutdown()
        thread.join()


@pytest.fixture
def hook(settings, monkeypatch):
    monkeypatch.setattr(resolving, "lookup", lambda host: ["127.0.0.1"])
    status = ["204"]
    with serving(lambda connection: connection.sendall(f"HTTP/1.1 {status[0]} X\r\n\r\n".encode())) as server:

        def answer(how: str) -> None:
            status[0] = {"refused": "400", "busy": "503"}.get(how, "204")
            ports = [9] if how == "gone" else [server.port]
            settings.EGRESS = {"allow": ["127.0.0.0/8"], "ports": ports, "plain_http": True, "ca_file": ""}

        def said() -> list[tuple[str, str]]:
            return [arrived(request) for request in server.received]

        answer("taken")
        yield World(WebhookNotifier(f"http://hooks.example.com:{server.port}/", SECRET), answer, said), server


def headers_of(request: bytes) -> tuple[dict[str, str], bytes]:
    head, _, body = request.partition(b"\r\n\r\n")
    lines = [line.decode().partition(": ") for line in head.split(b"\r\n")[1:]]
    return {name.lower(): value for name, _, value in lines}, body


def arrived(request: bytes) -> tuple[str, str]:
    headers, body = headers_of(request)
    data = json.loads(body)["data"]
    return headers["webhook-id"], f"{data['title']}\n{data['body']}\n{data['link']}"


@pytest.fixture(params=["email", "hook"])
def world(request) -> World:
    return request.getfixturevalue(request.param)[0]


class TestNotifier:
    def test_delivers_the_text_and_the_link(self, world):
        assert world.notifier.reaches(MESSAGE)
        world.notifier.send(MESSAGE)

        ((_, text),) = world.said()
        assert "고객의 소리 2 waits" in text
        assert "It waits since Monday.\n.\nMore below the dot." in text
        assert MESSAGE.link in text

    def test_names_a_message_the_same_at_every_attempt(self, world):
        world.notifier.send(MESSAGE)
        world.notifier.send(MESSAGE)

        (first, _), (second, _) = world.said()
        assert MESSAGE.id in first
        assert first == second

    def test_says_when_trying_later_may_help(self, world):
        for how in ("busy", "gone"):
            world.answer(how)
            with pytest.raises(NotificationUnavailableError):
                world.notifier.send(MESSAGE)

    def test_says_when_it_will_not(self, world):
        world.answer("refused")

        with pytest.raises(NotificationRefusedError):
            world.notifier.send(MESSAGE)


class TestEmail:
    def test_makes_no_header_of_what_stands_in_a_title(self, email):
        world, mailbox = email

        world.notifier.send(MESSAGE)

        (mail,) = mailbox.taken
        assert mail["Bcc"] is None
        assert mail["Subject"].strip() == "고객의 소리 2 waits Bcc: everybody@example.com"
        assert (mail["To"], mail["From"]) == ("mina@example.com", "Portal <portal@example.com>")

    def test_does_not_reach_who_has_no_address(self, email):
        world, _ = email

        assert not world.notifier.reaches(Message(**{**_fields(MESSAGE), "email": ""}))


class TestWebhook:
    def test_is_signed(self, hook):
        world, server = hook

        world.notifier.send(MESSAGE)

        headers, body = headers_of(server.received[0])
        assert Webhook(SECRET).verify(body, headers)["data"]["username"] == "mina"

    def test_goes_out_by_the_one_way_out(self, hook, settings):
        world, server = hook
        settings.EGRESS = {**settings.EGRESS, "allow": []}

        with pytest.raises(NotificationUnavailableError, match="leads to an address of this machine"):
            world.notifier.send(MESSAGE)

        assert server.received == []


class TestNotifiers:
    def test_are_none_by_default(self):
        assert notifiers() == {}

    def test_are_those_of_the_settings(self, settings):
        settings.NOTICES = {"by_email": True, "webhook_url": "https://hooks.example.com/", "webhook_secret": ""}

        assert list(notifiers()) == ["email", "webhook"]


def _text(mail: EmailMessage) -> str:
    return str(mail.get_content()).replace("\r\n", "\n")


def _fields(message: Message) -> dict[str, str]:
    return {name: getattr(message, name) for name in message.__slots__}
