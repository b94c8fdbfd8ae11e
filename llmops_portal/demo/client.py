"""A person's way to the portal: sign in like a browser, make an API key, then use the API with it."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

API = "/llm-ops/v1"
TIMEOUT_S = 60
Json = dict[str, Any]


class DemoError(Exception):
    """The portal answered otherwise than the story expects."""


class Refused(DemoError):  # noqa: N818  # it reads as what happened: `except Refused`
    """The portal refused; holds the status and the error's data."""

    def __init__(self, status: int, message: str, data: Json) -> None:
        super().__init__(f"{status}: {message}")
        self.status, self.message, self.data = status, message, data


class Person:
    """Somebody with an API key."""

    def __init__(self, url: str, username: str, password: str) -> None:
        self.url, self.username = url, username
        self._http = requests.Session()
        self._sign_in(password)
        name, scopes = f"demo {time.strftime('%Y-%m-%d %H:%M')}", ["api", "approve", "inference"]
        made = self._post_as_browser("/accounts/keys", {"name": name, "scopes": scopes})
        self.key: str = made["token"]
        self._http.cookies.clear()
        self._http.headers["Authorization"] = f"Bearer {self.key}"

    def get(self, path: str, **query: Any) -> Any:
        return self._data(self._http.get(self.url + API + path, params=query, timeout=TIMEOUT_S))

    def post(self, path: str, body: Json | None = None, *, once: str = "") -> Any:
        """POST `body`; with `once`, under that Idempotency-Key."""
        headers = {"Idempotency-Key": once} if once else {}
        return self._data(
            self._http.post(self.url + API + path, json=body or {}, headers=headers, timeout=4 * TIMEOUT_S)
        )

    def patch(self, path: str, body: Json) -> Any:
        return self._data(self._http.patch(self.url + API + path, json=body, timeout=TIMEOUT_S))

    def upload(self, path: str, file: Path) -> Any:
        with file.open("rb") as opened:
            sent = self._http.post(self.url + API + path, files={"file": (file.name, opened)}, timeout=4 * TIMEOUT_S)
        return self._data(sent)

    def _sign_in(self, password: str) -> None:
        page = self._http.get(f"{self.url}/account/sign-in/", timeout=TIMEOUT_S)
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        if token is None:
            raise DemoError(f"The sign-in page at {page.url} has no form ({page.status_code}).")
        form = {"csrfmiddlewaretoken": token.group(1), "username": self.username, "password": password}
        answer = self._http.post(page.url, data=form, headers={"Referer": page.url}, timeout=TIMEOUT_S)
        if "sessionid" not in self._http.cookies:
            raise DemoError(f"{self.username} could not sign in ({answer.status_code}).")

    def _post_as_browser(self, path: str, body: Json) -> Any:
        headers = {"X-CSRFToken": self._http.cookies["csrftoken"] or "", "Referer": self.url}
        return self._data(self._http.post(self.url + API + path, json=body, headers=headers, timeout=TIMEOUT_S))

    def _data(self, answer: requests.Response) -> Any:
        try:
            envelope = answer.json()
        except ValueError:
            raise DemoError(f"{answer.request.method} {answer.url} answered {answer.status_code}, no JSON.") from None
        if envelope.get("status") != "success":
            raise Refused(answer.status_code, envelope.get("message", ""), envelope.get("data") or {})
        return envelope["data"]


def wait_for(
    what: str, look: Callable[[], Json], done: Callable[[Json], bool], *, within_s: float, say: Callable[[Json], str]
) -> Json:
    """Look every second until `done`; print progress on one line; give up after `within_s`."""
    began, said = time.monotonic(), ""
    while time.monotonic() - began < within_s:
        seen = look()
        line = say(seen)
        if line != said:
            print(f"      {what}: {line}", flush=True)
            said = line
        if done(seen):
            return seen
        time.sleep(1)
    raise DemoError(f"{what} was not done within {within_s:.0f} s; last seen: {said}")
