"""Where it is kept what was asked and answered, it is on record who read it."""

import pytest
from django.urls import reverse
from rest_framework.test import APIClient

from apps.governance.models import AuditEvent
from apps.telemetry.tests.factories import shipped


@pytest.mark.django_db
@pytest.mark.parametrize("content", [{"messages": []}, None])
def test_reads_of_what_was_asked_and_answered_are_recorded(engineer, team, client, tmp_path, content):
    [event] = shipped(tmp_path, {"team_id": team.pk, "content": content})
    api = APIClient()
    api.force_authenticate(engineer)
    client.force_login(engineer)

    api.get(f"/llm-ops/v1/serve/requests/{event.id}")
    client.get(reverse("telemetry:request", args=[event.id]))

    reads = AuditEvent.objects.filter(action__contains=".read_")
    assert [(read.actor, read.action) for read in reads] == (
        [(engineer, "requestevent.read_content")] if content is not None else []
    )
