"""What is dear, and so is there once: a headless Chromium for a module, one portal on which the demo was told.

Tests that need a browser are skipped where there is none.
"""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, sync_playwright
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from llmops_portal.local import browser

PROGRAM = browser.program()
JOURNEY = "tests/journey/"


class JourneyInOneWorker(LoadScopeScheduling):
    """Gives the tests of the journey to one worker, and first, for they take longest; other tests to whoever is free.

    A mark and `--dist loadgroup` would say the same, but pytest-xdist 3.8 loses the groups under pytest 9.
    """

    def _split_scope(self, nodeid: str) -> str:
        return JOURNEY if nodeid.startswith(JOURNEY) else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> JourneyInOneWorker:
    return JourneyInOneWorker(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)
            item.add_marker(
                pytest.mark.skipif(PROGRAM is None, reason=f"no browser: apt-get install {browser.PACKAGES[0]}")
            )


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    # Playwright keeps an event loop in this thread, which Django takes for asynchronous code, and in which no
    # asynchronous test can run: so it ends with the module.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=PROGRAM, args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


def is_complaint(message: ConsoleMessage) -> bool:
    """Whether a page wrote an error. That a form was refused (422) is told by the browser, and meant."""
    return message.type == "error" and "status of 422" not in message.text
