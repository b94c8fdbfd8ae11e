import pytest
from django.urls import reverse

from tests.browser.conftest import DESKTOP, PHONE

pytestmark = pytest.mark.django_db(transaction=True)


class TestStylePage:
    @pytest.mark.parametrize("theme", ["light", "dark"])
    @pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
    def test_is_accessible_and_fits_its_window(self, open_page, findings_of, superuser, theme, viewport):
        page = open_page(reverse("portal:design"), user=superuser, theme=theme, viewport=viewport)

        assert findings_of(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]

    def test_draws_its_charts(self, open_page, superuser):
        page = open_page(reverse("portal:design"), user=superuser)

        page.wait_for_function("() => window.Chart?.getChart(document.querySelector('[data-chart=loss-chart] canvas'))")

    def test_is_for_staff(self, client, viewer):
        client.force_login(viewer)

        assert client.get(reverse("portal:design")).status_code == 302


class TestSignIn:
    @pytest.mark.parametrize("theme", ["light", "dark"])
    def test_is_accessible_and_lets_a_person_in(self, open_page, findings_of, superuser, theme):
        page = open_page(reverse("accounts:sign_in") + f"?next={reverse('portal:design')}", theme=theme)
        assert findings_of(page) == []

        page.fill("[name=username]", superuser.username)
        page.fill("[name=password]", "correct horse battery")
        page.click("button:has-text('Sign in')")

        assert page.locator("h1").inner_text() == "support-chat 1.5.0-rc1"


class TestTheme:
    def test_is_one_for_the_pages_and_the_admin(self, open_page, superuser):
        page = open_page(reverse("portal:design"), user=superuser)
        is_dark = "document.documentElement.classList.contains('dark')"

        page.click("summary.account")
        page.click("[data-theme=dark]")
        assert page.evaluate(is_dark)
        page.goto(reverse("admin:index"))
        assert page.evaluate(is_dark)
        page.click("summary.account")
        page.click("[data-theme=light]")
        page.goto(reverse("portal:design"))

        assert not page.evaluate(is_dark)


class TestKeys:
    def test_slash_goes_to_the_search_box(self, open_page, superuser):
        page = open_page(reverse("portal:design"), user=superuser)

        page.keyboard.press("/")
        page.keyboard.type("chat/1")

        assert page.locator("#search").input_value() == "chat/1"

    def test_g_and_a_letter_go_to_a_place(self, open_page, superuser):
        page = open_page(reverse("admin:index"), user=superuser)

        page.keyboard.press("g")
        page.keyboard.press("h")

        page.wait_for_url(reverse("portal:home"))

    def test_can_be_switched_off(self, open_page, superuser):
        page = open_page(reverse("portal:design"), user=superuser)
        page.keyboard.press("?")
        page.uncheck("[data-shortcuts-switch]")
        page.keyboard.press("Escape")

        page.keyboard.press("/")

        assert page.evaluate("document.activeElement.id") != "search"


class TestDrawer:
    @pytest.mark.parametrize("name", ["portal:design", "admin:index"])
    def test_opens_on_a_phone_and_gives_the_focus_back(self, open_page, superuser, name):
        page = open_page(reverse(name), user=superuser, viewport=PHONE)
        link = page.locator("#sidebar a", has_text="Home")
        assert not link.is_visible()

        page.click("[data-drawer]")
        link.wait_for(state="visible")
        assert page.evaluate("document.querySelector('#main').inert")
        page.keyboard.press("Escape")

        page.wait_for_function("() => getComputedStyle(document.getElementById('sidebar')).visibility === 'hidden'")
        assert page.evaluate("document.activeElement.hasAttribute('data-drawer')")


class TestConfirm:
    def test_asks_before_a_form_is_sent(self, open_page, superuser):
        page = open_page(reverse("portal:design"), user=superuser)
        asking = page.locator("form[data-confirm] button")

        asking.click()
        assert page.locator("#confirm-text").inner_text().startswith("Version 1.5.0-rc1 can no longer be deployed.")
        page.click("#confirm button[value=no]")
        assert page.url.endswith("/design/")
        asking.click()
        page.click("#confirm button[value=yes]")

        page.wait_for_url("**/design/?")


class TestCopy:
    def test_copies_the_whole_digest(self, open_page, superuser):
        page = open_page(reverse("portal:design"), user=superuser)

        page.locator("aside [data-copy]").first.click()
        page.wait_for_function("() => document.getElementById('announcer').textContent === 'Copied'")

        assert page.evaluate("navigator.clipboard.readText()").startswith("sha256:9f2c4e8b7a61d035")


class TestFilterBar:
    def test_keeps_what_is_asked_for_in_the_address(self, open_page, superuser):
        page = open_page(reverse("portal:design"), user=superuser)

        page.fill("#id_q", "chat")
        page.wait_for_url("**/design/?q=chat")
        page.select_option("#id_status", "approved")
        page.wait_for_url("**/design/?q=chat&status=approved")
        page.reload()

        assert page.locator("#id_q").input_value() == "chat"
        assert page.locator(".filter-clear").is_visible()


class TestToasts:
    def test_tell_what_was_done(self, open_page, superuser):
        page = open_page(reverse("portal:design") + "?toast=1", user=superuser)
        bad = page.locator(".toast-bad")

        assert page.locator(".toast-ok").is_visible()
        bad.get_by_role("button", name="Dismiss").click()

        assert bad.count() == 0

    def test_say_once_that_the_portal_cannot_be_reached_until_it_can(self, open_page, superuser):
        page = open_page(reverse("portal:design"), user=superuser)
        page.evaluate("() => ['htmx:sendError', 'htmx:sendError'].forEach((name) => htmx.trigger(document.body, name))")
        assert page.locator(".toast").all_inner_texts() == ["The portal cannot be reached."]

        page.evaluate("() => htmx.trigger(document.body, 'htmx:afterOnLoad')")

        assert page.locator(".toast").count() == 0

    def test_from_a_fragment_tell_it_too(self, open_page, superuser):
        page = open_page(reverse("portal:design"), user=superuser)

        page.evaluate("() => htmx.trigger(document.body, 'toast', {tone: 'warn', text: 'The budget is nearly spent.'})")

        assert page.locator(".toast-warn").inner_text() == "The budget is nearly spent."
