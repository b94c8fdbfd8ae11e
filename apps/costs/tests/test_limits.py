"""Asking for a higher budget."""

from decimal import Decimal

import pytest

from apps.costs.tests.factories import budget
from apps.governance import services
from apps.governance.errors import AccessHeldError, AccessWishError
from apps.governance.models import AccessRequest, ApprovalRequest, AuditEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def ask(team):
    given_budget = budget(team, "100.00", name="calls")

    def asked(actor, **more):
        given = {"team": "voc", "budget": "calls", "month_usd": "250"} | more
        wished = services.ask_access(actor=actor, kind="limit", given=given, reason="The campaign.")
        return wished, given_budget

    return asked


def test_the_approval_raises_it(ask, engineer, approver):
    _, raised = ask(engineer)
    services.approve_request(actor=approver, request=ApprovalRequest.objects.get())

    raised.refresh_from_db()
    assert raised.month_usd == Decimal(250)
    assert AuditEvent.objects.filter(action="budget.change", actor=approver).count() == 1


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({"budget": "none"}, AccessWishError),
        ({"month_usd": "more"}, AccessWishError),
        ({"month_usd": "NaN"}, AccessWishError),
        ({"month_usd": "-5"}, AccessWishError),
        ({"month_usd": "100.00"}, AccessHeldError),
    ],
)
def test_what_cannot_be_raised_is_refused(ask, engineer, given, refusal):
    with pytest.raises(refusal):
        ask(engineer, **given)
    assert not AccessRequest.objects.exists()


def test_of_another_team_it_does_not_exist(ask, outsider):
    with pytest.raises(AccessWishError):
        ask(outsider)
