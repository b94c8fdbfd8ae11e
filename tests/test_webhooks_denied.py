"""A webhook is no way around a grant that denies one object."""

import pytest
from rest_framework.test import APIClient

from apps.accounts.permissions import Role
from apps.accounts.services import grant_access
from apps.catalog.tests import factories as catalog
from apps.governance import services
from apps.governance.models import AuditEvent, WebhookDelivery
from conftest import member

pytestmark = pytest.mark.django_db


class TestMessages:
    def test_about_what_a_grant_denies_are_not_shown(self, team, superuser, approver, tmp_path):
        keeper = member(team, "keeper", Role.MANAGER, Role.AUDITOR)
        given = {"name": "siem", "url": "https://hooks.example.com/", "events": ["modelversion.*"]}
        webhook = services.create_webhook(actor=keeper, team=team, **given).subscription
        model = catalog.with_files(keeper, team, tmp_path, name="hidden")
        since = AuditEvent.objects.filter(subject_id=model.pk).earliest("id").at
        services.replay_events(actor=keeper, subscription=webhook, since=since)
        grant_access(actor=superuser, user=keeper, permission="read", subject=model, effect="deny")

        shown = {}
        for person in (keeper, approver):
            client = APIClient()
            client.force_authenticate(person)
            answer = client.get(f"/llm-ops/v1/governance/webhooks/{webhook.pk}/deliveries").json()
            shown[person] = len(answer["data"]["items"])

        assert shown == {keeper: 0, approver: WebhookDelivery.objects.count()}
        assert shown[approver] > 0
