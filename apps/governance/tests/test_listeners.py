import pytest

from apps.accounts import services
from apps.accounts.permissions import Role
from apps.governance.models import AuditEvent

pytestmark = pytest.mark.django_db


class TestRecordAccountChange:
    def test_records_a_new_key_without_the_key(self, engineer):
        made = services.create_api_key(actor=engineer, name="laptop", scopes=["api"])

        event = AuditEvent.objects.get()
        assert (event.action, event.actor, event.after["name"]) == ("api_key.created", engineer, "laptop")
        assert made.token not in str(event.after)

    def test_records_a_role_given_and_taken_with_the_team(self, manager, viewer, team):
        membership = services.give_role(actor=manager, user=viewer, scope=team, role=Role.REVIEWER)
        services.give_role(actor=manager, user=viewer, scope=team, role=Role.REVIEWER)
        services.take_role(actor=manager, membership=membership)

        assert [(event.action, event.team) for event in AuditEvent.objects.order_by("pk")] == [
            ("role.given", team),
            ("role.taken", team),
        ]
