"""The audit trail in a browser: its list, one object, one event, and the check made again."""

import pytest
from django.conf import settings
from django.db import transaction
from django.urls import reverse

from apps.governance.models import AuditEvent
from apps.governance.services import record_event
from apps.governance.tests.sealing.conftest import seal_all, settle
from tests.browser.test_places import LOOKS

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def event(engineer, team, tmp_path, monkeypatch) -> AuditEvent:
    monkeypatch.setattr(settings, "AUDIT_LOG_DIR", tmp_path / "audit-log")
    with transaction.atomic():
        made = record_event(
            actor=engineer,
            action="team.rename",
            subject=team,
            before={"name": "Voice"},
            after={"name": "고객의 소리"},
            reason="As it is called now",
        )
    settle()
    seal_all()
    return made


class TestTheAuditTrail:
    @pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
    def test_is_accessible_and_fits_its_window(self, open_page, findings_of, approver, event, look):
        for address in (
            reverse("governance:audit"),
            reverse("governance:audit") + f"?object={event.subject_id}",
            reverse("governance:audit_event", args=[event.pk]),
        ):
            page = open_page(address, user=approver, **look)

            assert findings_of(page) == []
            assert page.evaluate("document.documentElement.scrollWidth") <= look["viewport"]["width"]

    def test_checks_an_event_again_without_a_reload(self, open_page, approver, event):
        page = open_page(reverse("governance:audit_event", args=[event.pk]), user=approver)
        page.evaluate("document.body.dataset.loaded = 'once'")

        page.get_by_role("link", name="Verify again").click()

        page.get_by_text("Every step holds").wait_for()
        assert page.evaluate("document.body.dataset.loaded") == "once"
