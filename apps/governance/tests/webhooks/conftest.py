"""A team's webhook, and a server on loopback that it leads to."""

import json
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from django.utils import timezone

from apps.accounts.models import Team, User
from apps.accounts.permissions import Role
from apps.core.reconcile import reconcile
from apps.governance import services
from apps.governance.models import AuditEvent, WebhookDelivery, WebhookSubscription
from apps.governance.services.webhooks.dispatching import first_running_transaction
from apps.governance.tests.conftest import SMALL
from apps.integrations.egress import resolving
from apps.integrations.egress.tests.conftest import Server, connects, serving  # noqa: F401  # `connects` is a fixture
from conftest import member

HOST = "hooks.example.com"


@dataclass
class Receiver:
    """What listens: `answers` are given in turn, the last again and again."""

    server: Server = field(init=False)
    answers: list[bytes] = field(default_factory=lambda: [said(204)])

    def behave(self, connection: socket.socket) -> None:
        connection.sendall(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.server.port}/in"

    @property
    def messages(self) -> list[tuple[dict[str, str], bytes]]:
        """The headers, in lower case, and the body of each message that came."""
        return [parsed(request) for request in self.server.received]

    @property
    def types(self) -> list[str]:
        return [json.loads(body)["type"] for _, body in self.messages]


def said(status: int, *, headers: str = "", body: str = "") -> bytes:
    head = f"HTTP/1.1 {status} X\r\n{headers}"
    return f"{head}Content-Length: {len(body.encode())}\r\n\r\n{body}".encode()


def parsed(request: bytes) -> tuple[dict[str, str], bytes]:
    head, _, body = request.partition(b"\r\n\r\n")
    lines = [line.decode().partition(": ") for line in head.split(b"\r\n")[1:]]
    return {name.lower(): value for name, _, value in lines}, body


@pytest.fixture
def receiver(settings, monkeypatch) -> Iterator[Receiver]:
    found = Receiver()
    monkeypatch.setattr(resolving, "lookup", lambda host: ["127.0.0.1"])
    with serving(found.behave) as server:
        found.server = server
        settings.EGRESS = {"allow": ["127.0.0.0/8"], "ports": [server.port], "plain_http": True, "ca_file": ""}
        yield found


@pytest.fixture
def keeper(team) -> User:
    """Who may keep the team's webhooks: manages it, and may read its audit trail."""
    return member(team, "keeper", Role.MANAGER, Role.AUDITOR)


@pytest.fixture
def made(keeper, team, receiver) -> services.NewSecret:
    """A webhook that wants every event of the team, with its secret."""
    return services.create_webhook(actor=keeper, team=team, name="siem", url=receiver.url, events=["policyversion.*"])


@pytest.fixture
def webhook(made) -> WebhookSubscription:
    return made.subscription


def something_happens(actor: User, team: Team, number: int = 0) -> AuditEvent:
    """Change something that the team's trail tells of; returns the event."""
    source = SMALL.replace("id: only-small", f"id: only-small-{team.slug}-{number}")
    version = services.save_policy_draft(actor=actor, team=team, source=source)
    return AuditEvent.objects.get(subject_id=version.pk)


def dispatch() -> int:
    """Dispatch what has happened, once every transaction of before has ended: those of other tests, too.

    Numbers of transactions are the server's, which workers of these tests share.
    """
    newest = max(AuditEvent.objects.values_list("tx", flat=True), default=0)
    deadline = time.monotonic() + 120
    while first_running_transaction() <= newest:
        assert time.monotonic() < deadline, "a transaction of before does not end"
        time.sleep(0.02)
    return services.dispatch_events()


def send_now(webhook: WebhookSubscription) -> WebhookSubscription:
    """Have the webhook send what waits, however long it was to wait; returns it as it is then."""
    now = timezone.now()
    WebhookDelivery.objects.filter(subscription=webhook, status="pending").update(next_attempt_at=now)
    WebhookSubscription.objects.filter(pk=webhook.pk).update(next_look_at=now)
    reconcile(WebhookSubscription, webhook.pk, services.send_due)
    return WebhookSubscription.objects.get(pk=webhook.pk)
