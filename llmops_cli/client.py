"""The portal over HTTP, with the standard library alone: a pipeline needs a Python and nothing else."""

import json
import uuid
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import Request, urlopen

API = "/llm-ops/v1"
TIMEOUT_S = 60

Json = dict[str, Any]


class CannotError(Exception):
    """The command cannot be carried out: no portal, no right, or an answer that is none."""


class Refused(Exception):  # noqa: N818  # it reads as what happened
    """The portal refused what was asked for; `data` says why, by field."""

    def __init__(self, message: str, data: Json) -> None:
        super().__init__(message)
        self.data = data


class Portal:
    """One portal, spoken to with one API key."""

    def __init__(self, url: str, key: str) -> None:
        if urlsplit(url).scheme not in ("http", "https"):
            raise CannotError(f"LLMOPS_URL is '{url}'; it begins with http:// or https://.")
        self._url, self._key = url.rstrip("/") + API, key

    def get(self, path: str, **query: str) -> Any:
        asked = {name: value for name, value in query.items() if value}
        return self._call("GET", f"{path}?{urlencode(asked)}" if asked else path)

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        return self._call("POST", path, body)

    def items(self, path: str, **query: str) -> Iterator[Json]:
        """Yield every row of a list, over all of its pages."""
        cursor = ""
        while True:
            page = self.get(path, **query, limit="500", cursor=cursor)
            yield from page["items"]
            cursor = page["next"] or ""
            if not cursor:
                return

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        headers = {"Authorization": f"Bearer {self._key}", "Accept": "application/json"}
        content = None
        if body is not None:
            content = json.dumps(body).encode()
            headers |= {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())}
        asked = Request(self._url + path, data=content, headers=headers, method=method)  # noqa: S310  # http(s), see above
        try:
            with urlopen(asked, timeout=TIMEOUT_S) as answer:  # noqa: S310
                return self._data(answer.read())
        except HTTPError as error:
            self._refuse(error)
        except (URLError, TimeoutError, OSError) as error:
            reason = getattr(error, "reason", error)
            raise CannotError(f"{self._url} does not answer: {reason}.") from error

    def _refuse(self, error: HTTPError) -> None:
        try:
            envelope = json.loads(error.read())
            message, data = str(envelope["message"]), envelope["data"] or {}
        except (ValueError, KeyError, TypeError):
            raise CannotError(f"{error.url} answered {error.code}, and nothing that a portal says.") from None
        if error.code in (400, 409, 422):
            raise Refused(message, data)
        raise CannotError(f"{error.code}: {message}")

    def _data(self, content: bytes) -> Any:
        try:
            return json.loads(content)["data"]
        except (ValueError, KeyError, TypeError):
            raise CannotError(f"{self._url} gives answers that no portal gives. Is LLMOPS_URL right?") from None
