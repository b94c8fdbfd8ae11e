"""Takes pictures of pages in headless Chromium, and hears what they complain of."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import APIResponse, Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from llmops_portal.demo.client import API, DemoError, Json
from llmops_portal.local import browser

SIZES = {"desktop": (1440, 900), "phone": (390, 844)}
THEMES = ("light", "dark")
TALLEST = 6000  # of a picture of a whole page
SETTLE_MS = 600  # charts draw themselves, and parts of pages are fetched, after the page has loaded
# What the browser itself says of an answer that was asked for: a page that is not there, a form that was refused.
MEANT = re.compile(r"status of (400|403|404|409|422)\b")


@dataclass(frozen=True, slots=True)
class Look:
    """How a page is looked at."""

    size: str
    theme: str

    def __str__(self) -> str:
        return f"{self.size}-{self.theme}"


LOOKS = [Look(size, theme) for size in SIZES for theme in THEMES]


@dataclass(frozen=True, slots=True)
class Picture:
    """One page as one person sees it.

    Attributes:
        who: the sign-in name; empty for somebody who is not signed in.
        act: what the person does on the page before the picture is taken, such as opening a dialog.
        status: that the page answers with.
        height: of the window on a desktop in the guide, where the first screen does not show enough.
        is_in_guide: whether the guide shows it; the others are only looked at.
    """

    name: str
    path: str
    who: str = "engineer"
    act: Callable[[Page], None] | None = None
    status: int = 200
    height: int = 900
    is_in_guide: bool = False


class Visitor:
    """Somebody at a desk and with a phone, signed in on both unless they have no name."""

    def __init__(self, chromium: Browser, url: str, username: str, password: str) -> None:
        headers = {"Referer": f"{url}/"}
        new_context = partial(chromium.new_context, base_url=url, extra_http_headers=headers, reduced_motion="reduce")
        self._desk = new_context()
        if username:
            self._sign_in(username, password)
        phone = new_context(is_mobile=True, has_touch=True, storage_state=self._desk.storage_state())
        self._contexts: dict[str, BrowserContext] = {"desktop": self._desk, "phone": phone}

    def _sign_in(self, username: str, password: str) -> None:
        page = self._desk.new_page()
        page.goto("/account/sign-in/")
        page.get_by_label("Username").fill(username)
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("/")
        page.close()

    def get(self, path: str, **query: Any) -> Any:
        """Return what the API answers at `path`."""
        return _data(self._desk.request.get(API + path, params=query))

    def post(self, path: str, body: Json) -> Any:
        token = next(cookie["value"] for cookie in self._desk.cookies() if cookie["name"] == "csrftoken")
        return _data(self._desk.request.post(API + path, data=body, headers={"X-CSRFToken": token}))

    def take(self, picture: Picture, look: Look, file: Path, *, whole: bool) -> list[str]:
        """Write a picture of the page, all of it or its first screen; return what is wrong with the page."""
        page = self._contexts[look.size].new_page()
        wrong: list[str] = []

        def listen(message: ConsoleMessage) -> None:
            if message.type == "error" and not MEANT.search(message.text):
                wrong.append(message.text)

        page.on("console", listen)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        width, height = SIZES[look.size]
        page.set_viewport_size({"width": width, "height": height if whole else max(height, picture.height)})
        page.emulate_media(color_scheme="dark" if look.theme == "dark" else "light")
        answer = page.goto(picture.path, wait_until="load")
        if answer is None or answer.status != picture.status:
            wrong.append(f"answered {answer.status if answer else 'nothing'}")
        if picture.act is not None:
            picture.act(page)
        page.wait_for_timeout(SETTLE_MS)
        if whole:
            # A window as tall as the page: Playwright's own pictures of whole pages have charts out of place.
            tall = page.evaluate("document.documentElement.scrollHeight")
            page.set_viewport_size({"width": width, "height": min(max(tall, height), TALLEST)})
            page.wait_for_timeout(SETTLE_MS)
        if (wide := page.evaluate("document.documentElement.scrollWidth")) > width:
            wrong.append(f"is {wide} wide and scrolls sideways")
        _write(page.screenshot(), file)
        page.close()
        return wrong


@contextmanager
def visitors(url: str, sign_ins: dict[str, str]) -> Iterator[dict[str, Visitor]]:
    """Everybody who can sign in, and under the empty name somebody who has not."""
    with sync_playwright() as playwright:
        program = browser.program()
        if program is None:
            raise DemoError("There is no Chromium here to take pictures with.")
        chromium = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        yield {name: Visitor(chromium, url, name, secret) for name, secret in {**sign_ins, "": ""}.items()}
        chromium.close()


def _data(answer: APIResponse) -> Any:
    envelope = answer.json()
    if envelope.get("status") != "success":
        raise DemoError(f"{answer.url} answered {answer.status}: {envelope.get('message')} {envelope.get('data')}")
    return envelope["data"]


def _write(picture: bytes, file: Path) -> None:
    """Write a picture in 256 colours: a third of the bytes, and of a page nobody sees a difference."""
    with Image.open(BytesIO(picture)) as taken:
        taken.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(file, optimize=True)


def fills(answers: dict[str, str]) -> Callable[[Page], None]:
    """Fill the fields of these labels; where there is a choice, take what begins so."""

    def act(page: Page) -> None:
        for label, answer in answers.items():
            field = page.get_by_role("main").get_by_label(re.compile(rf"^{re.escape(label)}( optional)?$"))
            if field.evaluate("field => field.tagName") == "SELECT":
                option = field.locator("option", has_text=re.compile(rf"^\s*{re.escape(answer)}"))
                field.select_option(label=option.first.inner_text())
            else:
                field.fill(answer)
        page.get_by_role("heading", level=1).click()

    return act


def presses(button: str) -> Callable[[Page], None]:
    """Press a button and leave open what it opens."""

    def act(page: Page) -> None:
        page.get_by_role("button", name=button, exact=True).first.click()

    return act
