"""The pages on which people decide for others, with something on each of them."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.accounts.permissions import Role
from apps.accounts.services import system_account
from apps.costs.services import change_budget
from apps.costs.tests.factories import budget
from apps.governance import services
from apps.governance.models import ApprovalRequest, Waiver
from apps.governance.tests.conftest import SMALL
from apps.prompts.services import add_version, move_label
from apps.prompts.tests.factories import prompt_template
from conftest import hold, member
from tests.browser.conftest import DESKTOP, PHONE

pytestmark = pytest.mark.django_db(transaction=True)
LOOKS = {"desktop": {"viewport": DESKTOP, "theme": "light"}, "phone": {"viewport": PHONE, "theme": "dark"}}


@pytest.fixture
def judge(team):
    """Decides, manages, and stands in."""
    person = member(team, "judge", Role.APPROVER, Role.RISK_OFFICER, Role.MANAGER, Role.ENGINEER)
    hold(person, team, Role.BREAK_GLASS)
    return person


@pytest.fixture
def pages(judge, approver, engineer, manager, team):
    """Requests of each kind, a batch, somebody who stands in, an emergency, a waiver."""
    services.activate_starter_policies(actor=system_account(), team=team)
    template = prompt_template(engineer, team)
    add_version(actor=engineer, template=template, user="Classify: {{ message }}", system="Be brief.")
    move_label(actor=judge, template=template, name="staging", version=1)
    label = move_label(actor=engineer, template=template, name="production", version=2, reason="Shorter").request
    raised = change_budget(actor=manager, budget=budget(team, name="calls"), month_usd=Decimal(500)).request
    drafts = [
        services.save_policy_draft(actor=engineer, team=team, source=SMALL.replace("only-small", f"small-{number}"))
        for number in range(3)
    ]
    for draft in drafts:
        services.replay_policy(actor=engineer, version=draft)
    batch = services.open_batch(
        actor=engineer,
        subject_kind="policyversion",
        subject_ids=[draft.pk for draft in drafts[:2]],
        transition="approve",
        reason="The yearly review",
    )
    alone = services.submit_policy(actor=engineer, version=drafts[2], reason="In force, please")
    services.delegate_approvals(
        actor=approver,
        delegate=judge,
        team=team,
        starts_at=timezone.now(),
        ends_at=timezone.now() + timedelta(days=7),
        reason="On holiday",
    )
    services.save_waiver_draft(
        actor=engineer,
        team=team,
        policy="prompt-release",
        rule="no_secret_in_it",
        subject_kind="labelchange",
        subject_id=None,
        expires_at=timezone.now() + timedelta(days=3),
        reason="A demonstration with an example key.",
    )
    emergency = services.break_glass(
        actor=judge,
        subject_kind="policyversion",
        subject_id=drafts[2].pk,
        transition="approve",
        reason="Nothing can be released until this is in force.",
    )
    requests = [reverse("governance:request", args=[request.pk]) for request in (label, raised, alone)]
    assert ApprovalRequest.objects.filter(status="open").count() == 4
    return [
        *requests,
        reverse("governance:batch", args=[batch.pk]),
        reverse("governance:emergency", args=[emergency.pk]),
        Waiver.objects.get().get_absolute_url(),
        template.get_absolute_url(),
        *map(reverse, ("governance:approvals", "governance:delegations", "governance:emergencies", "portal:inbox")),
        *map(reverse, ("governance:waivers", "governance:decisions", "costs:costs")),
    ]


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_pages_of_deciding_are_accessible_and_fit_their_window(open_page, findings_of, judge, pages, look):
    page = open_page(reverse("portal:home"), user=judge, **look)
    findings = {}
    for path in pages:
        answer = page.goto(path)
        findings[path] = [f"status {answer.status}"] if answer.status != 200 else findings_of(page)
        if page.evaluate("document.documentElement.scrollWidth") > look["viewport"]["width"]:
            findings[path].append("scrolls sideways")

    assert {path: found for path, found in findings.items() if found} == {}


def test_a_label_is_pointed_to_a_version_in_a_dialog(open_page, engineer, team):
    template = prompt_template(engineer, team)
    page = open_page(template.get_absolute_url(), user=engineer, **LOOKS["desktop"])

    page.get_by_role("button", name="Label").click()
    page.get_by_label("Label", exact=True).fill("staging")
    page.get_by_role("button", name="Point to it").click()

    page.get_by_text("staging points to version 1.").wait_for()
    assert template.labels.get().version.number == 1
