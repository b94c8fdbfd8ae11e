"""Pages as a person meets them: headless Chromium, the real server, and axe for accessibility."""

from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from playwright.sync_api import Browser, Page

from apps.accounts.models import User
from tests.conftest import is_complaint

DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(chromium: Browser, live_server) -> Iterator[OpenPage]:
    """Open an address as somebody: `open_page("/design/", user=superuser, viewport=PHONE, theme="dark")`.

    The test fails at its end when a page wrote an error to the console, such as a refusal by its security policy.
    """
    complaints: list[str] = []
    contexts = []

    def open_(path: str, *, user: User | None = None, viewport: dict[str, int] = DESKTOP, theme: str = "light") -> Page:
        context = chromium.new_context(
            base_url=live_server.url,
            viewport=viewport,
            color_scheme=theme,
            reduced_motion="reduce",
            permissions=["clipboard-read", "clipboard-write"],
        )
        contexts.append(context)
        if user is not None:
            context.add_cookies(
                [{"name": settings.SESSION_COOKIE_NAME, "value": _session(user), "url": live_server.url}]
            )
        page = context.new_page()
        page.on("console", lambda message: is_complaint(message) and complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []


def _session(user: User) -> str:
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return str(session.session_key)


@pytest.fixture(scope="session")
def findings_of() -> Callable[[Page], list[str]]:
    """What axe finds on a page, one line each."""
    axe = Axe()

    def findings(page: Page) -> list[str]:
        violations = axe.run(page, options={"runOnly": WCAG}).response["violations"]
        return [f"{violation['id']}: {node['html'][:160]}" for violation in violations for node in violation["nodes"]]

    return findings
