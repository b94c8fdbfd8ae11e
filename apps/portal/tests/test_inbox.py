"""The inbox: requests that wait for a verdict its reader could give."""

import pytest
from django.urls import reverse

from apps.accounts.permissions import Role
from apps.datasets.tests import factories as datasets
from apps.governance.models import Approval, ApprovalRequest
from apps.governance.services import approve_request
from conftest import hold

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(engineer, team) -> ApprovalRequest:
    """An open request of the engineer."""
    datasets.under_review(engineer, team, name="asked")
    return ApprovalRequest.objects.get()


@pytest.fixture
def inbox_of(page_of):
    """Return a function from a person to the requests in their inbox."""
    return lambda person: page_of(person, reverse("portal:inbox")).context["page"].rows


class TestInbox:
    @pytest.mark.parametrize(
        ("who", "waits"),
        [
            ("outsider", False),
            ("viewer", False),
            ("engineer", False),
            ("reviewer", False),
            ("superuser", False),
            ("approver", True),
        ],
    )
    def test_holds_what_its_reader_could_decide(self, asked, inbox_of, request, *, who, waits):
        assert inbox_of(request.getfixturevalue(who)) == ([asked] if waits else [])

    def test_leads_to_the_request(self, asked, approver, page_of):
        answer = page_of(approver, reverse("portal:inbox"))

        assert reverse("governance:request", args=[asked.pk]) in answer.text
        assert "asked 1" in answer.text

    def test_leaves_out_what_its_reader_asked_for(self, asked, engineer, team, inbox_of):
        hold(engineer, team, Role.APPROVER)

        assert inbox_of(engineer) == []

    def test_leaves_out_what_was_decided(self, asked, approver, inbox_of):
        approve_request(actor=approver, request=asked)

        assert inbox_of(approver) == []

    def test_leaves_out_what_its_reader_approved_while_others_still_have_to(self, asked, approver, inbox_of):
        Approval.objects.create(
            request=asked, approver=approver, verdict="approve", digest=asked.digest, at=asked.created_at
        )

        assert inbox_of(approver) == []

    def test_says_that_nothing_waits(self, approver, page_of):
        assert "Nothing waits for you" in page_of(approver, reverse("portal:inbox")).text

    def test_refuses_a_damaged_link_to_a_page(self, approver, page_of):
        assert page_of(approver, reverse("portal:inbox") + "?after=x").status_code == 400
