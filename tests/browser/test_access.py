import pytest

from apps.accounts import services as accounts
from apps.accounts.permissions import Permission, Role
from apps.catalog.tests.factories import draft
from apps.governance import services
from tests.browser.conftest import DESKTOP, PHONE

pytestmark = pytest.mark.django_db(transaction=True)
LOOKS = {"desktop": {"viewport": DESKTOP, "theme": "light"}, "phone": {"viewport": PHONE, "theme": "dark"}}


@pytest.fixture
def pages(manager, engineer, viewer, team):
    """The pages of access with something on each of them."""
    project = accounts.create_project(actor=manager, team=team, slug="refunds", name="환불")
    robot = accounts.create_service_account(actor=manager, team=team, name="nightly")
    accounts.give_role(actor=manager, user=viewer, scope=project, role=Role.ENGINEER)
    for owner in (robot, None):
        accounts.create_api_key(actor=manager, owner=owner, name="ci", scopes=["api"], networks=["10.0.0.0/8"])
    model = draft(engineer, team, project=project)
    accounts.grant_access(actor=manager, user=viewer, permission=Permission.USE, subject=model, effect="deny")
    given = {"role": "auditor", "team": "voc"}
    wished = services.ask_access(actor=manager, kind="role", given=given, reason="For the audit.")
    kinds = [f"/governance/access/ask/{kind}" for kind in ("role", "object", "key", "limit")]
    own = ["/account/", "/account/keys/", team.get_absolute_url(), f"{model.get_absolute_url()}?tab=access"]
    return [*own, "/governance/access/", wished.get_absolute_url(), *kinds]


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_pages_of_access_are_accessible_and_fit_their_window(open_page, findings_of, manager, pages, look):
    page = open_page("/account/", user=manager, **look)
    findings = {}
    for path in pages:
        answer = page.goto(path)
        findings[path] = [f"status {answer.status}"] if answer.status != 200 else findings_of(page)
        if page.evaluate("document.documentElement.scrollWidth") > look["viewport"]["width"]:
            findings[path].append("scrolls sideways")

    assert {path: found for path, found in findings.items() if found} == {}


def test_a_key_is_rotated_in_a_dialog_and_shown_once(open_page, engineer):
    accounts.create_api_key(actor=engineer, name="ci", scopes=["api"])
    page = open_page("/account/keys/", user=engineer, viewport=DESKTOP, theme="light")

    page.get_by_role("button", name="Rotate").click()
    page.get_by_label("Hours that the old key lives on").fill("2")
    page.get_by_role("button", name="Make the new key").click()

    page.get_by_text("Keep this key now").wait_for()
    assert "llmo_p_" in page.content()
    assert page.get_by_role("button", name="Rotate").count() == 1
