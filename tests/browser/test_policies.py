"""The page on which policies are written, and those around it, as a person meets them."""

import pytest
from django.urls import reverse

from apps.governance import services
from apps.governance.models import PolicyVersion
from apps.governance.states import ACTIVATE_POLICY
from apps.governance.tests.conftest import SMALL, waived
from conftest import by_hand
from tests.browser.conftest import DESKTOP, PHONE

pytestmark = pytest.mark.django_db(transaction=True)

LOOKS = {"desktop": {"viewport": DESKTOP, "theme": "light"}, "phone": {"viewport": PHONE, "theme": "dark"}}


@pytest.fixture
def editor(open_page, engineer):
    return open_page(reverse("governance:new_policy"), user=engineer)


class TestEditor:
    def test_answers_as_one_types_and_leads_to_the_place(self, editor):
        document = editor.get_by_label("Policy document")
        document.fill(SMALL.replace("subject.number", "subject.nomber"))

        editor.get_by_role("button", name="Line 8, column 28").click()

        at = document.evaluate("area => area.value.slice(area.selectionStart, area.selectionStart + 7)")
        assert at == ".nomber"

    def test_numbers_the_lines(self, editor):
        editor.get_by_label("Policy document").fill("id: a\ntitle: b")

        assert editor.locator(".line-numbers > div").all_inner_texts() == ["1", "2"]

    def test_writes_a_fact_at_the_cursor(self, editor):
        document = editor.get_by_label("Policy document")
        document.fill("x: ")
        document.press("End")

        editor.get_by_role("button", name="subject.risk_tier", exact=True).first.click()

        assert document.input_value() == "x: subject.risk_tier"

    def test_tries_the_rules_on_facts(self, editor):
        editor.get_by_label("Policy document").fill(SMALL)
        editor.get_by_label("Facts as JSON").fill('{"subject": {"number": 7}}')

        editor.get_by_text("The number is too large.").wait_for()


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_pages_with_something_in_them_are_accessible_and_fit(open_page, findings_of, engineer, approver, team, look):
    version = services.save_policy_draft(actor=engineer, team=team, source=SMALL)
    with by_hand():
        PolicyVersion.objects.filter(pk=version.pk).update(status="active", number=9)
    version.refresh_from_db()
    decision = services.decide(actor=approver, subject=version, transition=ACTIVATE_POLICY)
    draft = services.save_policy_draft(actor=engineer, team=team, source=SMALL.replace("only-small", "also-small"))
    services.replay_policy(actor=engineer, version=draft)
    waiver = services.save_waiver_draft(actor=engineer, team=team, **waived())
    addresses = {
        "editor": reverse("governance:edit_policy", args=[draft.pk]),
        "policy": reverse("governance:policy", args=[draft.pk]),
        "decision": reverse("governance:decision", args=[decision.pk]),
        "waiver": reverse("governance:waiver", args=[waiver.pk]),
        "waivers": reverse("governance:waivers"),
        "waiver_new": reverse("governance:new_waiver"),
    }
    page = open_page(reverse("portal:home"), user=engineer, **look)
    findings = {}
    for name, address in addresses.items():
        page.goto(address)
        findings[name] = findings_of(page)
        if page.evaluate("document.documentElement.scrollWidth") > look["viewport"]["width"]:
            findings[name].append("scrolls sideways")

    assert {name: found for name, found in findings.items() if found} == {}
