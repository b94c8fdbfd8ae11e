"""The page of an approval request."""

import pytest
from django.urls import reverse

from apps.governance.states import RequestStatus

pytestmark = pytest.mark.django_db


@pytest.fixture
def press(client, approver, request_open):
    """Press one of the page's buttons as the approver; returns the page that is shown then."""
    client.force_login(approver)

    def pressed(button):
        said = {"seen_digest": request_open.digest, "comment": "Read it"}
        return client.post(reverse(f"governance:{button}", args=[request_open.pk]), said, follow=True).text

    return pressed


class TestVerdicts:
    def test_an_approval_is_one_of_those_needed(self, press, request_open):
        page = press("approve")

        request_open.refresh_from_db()
        assert request_open.status == RequestStatus.EXECUTED
        assert "1 given, 1 needed" in page
        assert "event-ok" in page

    def test_a_rejection_is_none_and_does_not_look_like_one(self, press, request_open):
        page = press("reject")

        request_open.refresh_from_db()
        assert request_open.status == RequestStatus.REJECTED
        assert "0 given, 1 needed" in page
        assert "event-bad" in page
        assert "event-ok" not in page
