from datetime import timedelta

import pytest
from django.utils import timezone

from apps.governance import services
from apps.governance.models import Decision, PolicyVersion
from apps.governance.selectors import requests_about
from apps.governance.states import ACTIVATE_POLICY, SUBMIT_POLICY

APPLICATION_ROLE = "llmops_app"  # made beside the owner wherever an embedded PostgreSQL is
SMALL = """
id: only-small
title: Only small versions are let through
scope: {kinds: [policyversion], transitions: [approve]}
params: {most: 3}
rules:
  - id: small
    expression: int(subject.number) <= params.most
    message: The number is too large.
    mend: Begin a new policy.
mode: enforce
tests:
  - {name: small passes, facts: {subject: {number: 2}}, denies: []}
  - {name: large does not, facts: {subject: {number: 9}}, denies: [small]}
"""

TWO_PAIRS_OF_EYES = """
id: two-pairs-of-eyes
title: Two people put a policy in force
scope: {kinds: [policyversion], transitions: [approve]}
rules:
  - {id: numbered, expression: int(subject.number) > 0, message: It has no number.}
approvals: {count: 2}
mode: enforce
tests:
  - {name: numbered passes, facts: {subject: {number: 1}}, denies: []}
  - {name: without a number it does not, facts: {subject: {number: 0}}, denies: [numbered]}
"""


@pytest.fixture
def two_needed(engineer, approver, team, submit):
    """A policy in force that asks for two approvals of policies."""
    version = services.save_policy_draft(actor=engineer, team=team, source=TWO_PAIRS_OF_EYES)
    services.approve_request(actor=approver, request=submit(version))


@pytest.fixture
def draft(engineer, team):
    """A policy version as its author saved it."""
    return services.save_policy_draft(actor=engineer, team=team, source=SMALL)


@pytest.fixture
def submit(engineer):
    """Walks a draft to an open request, as its author would."""

    def submitted(version):
        if Decision.objects.exists():
            services.replay_policy(actor=engineer, version=version)
        services.apply_transition(actor=engineer, subject=version, transition=SUBMIT_POLICY, reason="Ready")
        return services.open_request(
            actor=engineer, subject=version, transition=ACTIVATE_POLICY, reason="Please put it in force"
        )

    return submitted


@pytest.fixture
def request_open(draft, submit):
    return submit(draft)


def latest_request(subject):
    return requests_about(subject).first()


@pytest.fixture
def drafted_waiver(engineer, team, draft):
    """A waiver of the policy's rule for every policy version of the team, as its author saved it."""
    before = PolicyVersion.objects.get(pk=draft.pk).status
    PolicyVersion.objects.filter(pk=draft.pk).update(status="active")
    waiver = services.save_waiver_draft(actor=engineer, team=team, **waived())
    PolicyVersion.objects.filter(pk=draft.pk).update(status=before)
    return waiver


def waived(**changes):
    """Return what is waived: the rule of the small policy, for two weeks."""
    return {
        "policy": "only-small",
        "rule": "small",
        "subject_kind": "policyversion",
        "subject_id": None,
        "expires_at": timezone.now() + timedelta(days=14),
        "reason": "The numbers begin anew next week.",
        **changes,
    }
