"""People who approve, reject, edit, withdraw, execute and lose their roles at once, watched by the database itself."""

import pytest

from llmops_portal.bench.interleavings import Campaign, without_locks

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def test_nothing_moves_without_its_approvals_and_no_approval_is_lost():
    with Campaign(seed=7) as campaign:
        found = campaign.run(200)

    assert (found.unapproved, found.lost, found.doubled, found.caught) == (0, 0, 0, 0)
    # It tried something: requests ended in every way there is.
    assert {outcome.partition(",")[0] for outcome in found.outcomes} >= {"executed", "open", "rejected", "withdrawn"}


def test_the_same_campaign_finds_violations_when_the_locks_are_gone():
    with Campaign(seed=7) as campaign, without_locks():
        found = campaign.run(2000, until_found=True)

    assert found.violations
