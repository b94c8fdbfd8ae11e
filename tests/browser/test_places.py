import pytest
from django.urls import reverse

from apps.portal.web.shell import ACCOUNT, GROUPS, address_of
from tests.browser.conftest import DESKTOP, PHONE

pytestmark = pytest.mark.django_db(transaction=True)

PLACES = [place.url for group in GROUPS for place in group.places] + [place.url for place in ACCOUNT]


LOOKS = {"desktop": {"viewport": DESKTOP, "theme": "light"}, "phone": {"viewport": PHONE, "theme": "dark"}}


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
class TestPlacesOfTheSideBar:
    """Every page that the side bar leads to, with nothing in it yet: what a newcomer sees."""

    def test_are_accessible_and_fit_their_window(self, open_page, findings_of, superuser, look):
        page = open_page(reverse("portal:home"), user=superuser, **look)
        findings = {}
        for name in PLACES:
            if not (path := address_of(name)) or name == "admin:index":  # the admin's own pages are django-unfold's
                continue
            answer = page.goto(path)
            findings[name] = [f"status {answer.status}"] if answer.status != 200 else findings_of(page)
            if page.evaluate("document.documentElement.scrollWidth") > look["viewport"]["width"]:
                findings[name].append("scrolls sideways")

        assert {name: found for name, found in findings.items() if found} == {}
