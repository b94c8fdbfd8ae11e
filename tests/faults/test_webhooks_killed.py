"""Whoever dispatches and sends webhooks is killed, again and again; every event arrives, under one id."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from apps.accounts.permissions import Role
from apps.core.reconcile import reconcile
from apps.governance import services
from apps.governance.models import AuditEvent, WebhookDelivery, WebhookSubscription
from apps.governance.tests.webhooks.conftest import Receiver, dispatch, parsed, said, something_happens
from apps.integrations.egress import resolving
from apps.integrations.egress.tests.conftest import serving
from conftest import member
from tests.faults.running import database_url, wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

EVENTS, KILLS = 60, 12
# Dispatches and sends as fast as it can: it is nearly always in the middle of something. Leases are taken from the
# dead, which in production takes 45 s.
BUSY = """
import django
django.setup()
from django.utils import timezone
from apps.core.reconcile import reconcile
from apps.governance import services
from apps.governance.models import WebhookSubscription
from apps.integrations.egress import resolving
resolving.lookup = lambda host: ["127.0.0.1"]
WebhookSubscription.objects.update(lease_until=None, lease_token=None)
print("busy", flush=True)
while True:
    services.dispatch_events()
    for pk in WebhookSubscription.objects.values_list("pk", flat=True):
        reconcile(WebhookSubscription, pk, services.send_due)
"""


@pytest.fixture
def receiver(monkeypatch, settings):
    found = Receiver(answers=[said(204)])
    monkeypatch.setattr(resolving, "lookup", lambda host: ["127.0.0.1"])
    with serving(found.behave) as server:
        found.server = server
        settings.EGRESS = {"allow": ["127.0.0.0/8"], "ports": [server.port], "plain_http": True, "ca_file": ""}
        yield found


def start(port: int) -> subprocess.Popen[str]:
    environment = {
        **os.environ,
        "DATABASE_URL": database_url(),
        "DJANGO_SETTINGS_MODULE": "llmops_portal.settings",
        "LOG_LEVEL": "ERROR",
        "EGRESS_ALLOW": "127.0.0.0/8",
        "EGRESS_PORTS": str(port),
        "EGRESS_PLAIN_HTTP": "on",
    }
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", BUSY],
        cwd=settings.BASE_DIR,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "busy\n"
    return process


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def nothing_waits() -> bool:
    """Do the work that is left, as the next worker would once the leases of the dead have ended."""
    past = timezone.now() - timedelta(seconds=1)
    WebhookSubscription.objects.update(lease_until=past, next_look_at=past)
    WebhookDelivery.objects.filter(status="pending").update(next_attempt_at=past)
    for pk in WebhookSubscription.objects.values_list("pk", flat=True):
        reconcile(WebhookSubscription, pk, services.send_due)
    return not WebhookDelivery.objects.exclude(status="delivered").exists()


class TestKilled:
    def test_again_and_again_it_loses_nothing_and_makes_nothing_twice(self, team, engineer, receiver):
        keeper = member(team, "keeper", Role.MANAGER, Role.AUDITOR)
        services.create_webhook(actor=keeper, team=team, name="siem", url=receiver.url, events=["policyversion.*"])

        def happen() -> None:
            for number in range(EVENTS):
                something_happens(engineer, team, number)
            connection.close()

        happening = threading.Thread(target=happen)
        happening.start()
        for number in range(KILLS):
            process = start(receiver.server.port)
            time.sleep(0.05 + 0.04 * number)  # at another place each time
            kill(process)
        happening.join()

        dispatch()
        wait_until(nothing_waits, timeout_s=60)

        expected = set(AuditEvent.objects.filter(action="policyversion.draft").values_list("pk", flat=True))
        deliveries = WebhookDelivery.objects.all()
        assert Counter(delivery.event_id for delivery in deliveries) == Counter(expected)
        arrived = [parsed(request) for request in receiver.server.received]
        ids = {headers["webhook-id"]: json.loads(body)["data"]["event_id"] for headers, body in arrived}
        assert ids == {str(delivery.pk): str(delivery.event_id) for delivery in deliveries}
        assert len(expected) == EVENTS


class TestKilledWhileSending:
    def test_it_sends_again_under_the_same_id(self, team, receiver):
        """Between the receiver's answer and the record of it: the one place where a message is sent twice."""
        keeper = member(team, "keeper", Role.MANAGER, Role.AUDITOR)
        made = services.create_webhook(actor=keeper, team=team, name="siem", url=receiver.url, events=["api_key.*"])
        delivery = services.ping_webhook(actor=keeper, subscription=made.subscription)
        answer = threading.Event()
        receiver.server.behave = lambda connection: answer.wait(30) and connection.sendall(said(204))
        process = start(receiver.server.port)
        wait_until(lambda: len(receiver.server.received) == 1, timeout_s=30)
        kill(process)
        answer.set()

        wait_until(nothing_waits, timeout_s=30)

        delivery.refresh_from_db()
        ids = [parsed(request)[0]["webhook-id"] for request in receiver.server.received]
        assert ids == [str(delivery.pk)] * 2
        assert (delivery.status, delivery.attempts) == ("delivered", 2)
