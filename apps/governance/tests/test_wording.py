"""What the audit trail says in words."""

import pytest

from apps.governance.wording import done


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ("modelversion.approve", "Approved"),
        ("modelversion.submit", "Submitted"),
        ("modelversion.send_back", "Sent back"),
        ("modelversion.add_files", "Added files"),
        ("approvalrequest.open", "Asked for approval"),
        ("approvalrequest.void_approvals", "Voided the approvals"),
        ("endpoint.deploy", "Deployed"),
        ("trainingjob.succeed", "Succeeded"),
        ("trainingjob.cancel", "Cancelled"),
        ("trainingjob.lose", "Lost"),
        ("trainingjob.retry", "Retried"),
        ("endpoint.rollback", "Rolled back"),
        ("endpoint.redeploy", "Redeployed"),
        ("policyversion.ship", "Shipped"),
        ("api_key.created", "Created"),
        ("role.taken", "Taken"),
    ],
)
def test_an_action_is_told_as_something_that_was_done(action, words):
    assert done(action) == words
