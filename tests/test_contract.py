"""The HTTP contract, checked on every route that the resolver knows: a route added tomorrow is under it too."""

import re
from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

BASE = "llm-ops/v1/"
METHODS = ("get", "post", "put", "patch", "delete")
NOT_ENVELOPED = {"schema", "docs"}  # documents about the API, not answers of it
# Streams of bytes in or out: no key is needed, the same bytes give the same digest.
STREAMED = re.compile(r"/(upload|files)$")
# These create nothing that could be there twice; and the answer of the last holds a secret, which is never kept.
NOT_CREATING = {
    "training/jobs/validate",
    "training/jobs/render",
    "serve/<str:route_name>/chat",
    "proxy/completion",
    "proxy/completion/stream",
    "accounts/keys",
}


def api_routes() -> list[tuple[str, str, object]]:
    """Return every (method, path with values filled in, view class) below the API's base."""

    def walk(patterns: list[URLPattern | URLResolver], prefix: str) -> Iterator[tuple[str, type]]:
        for pattern in patterns:
            path = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, path)
            elif path.startswith(BASE) and hasattr(pattern.callback, "view_class"):
                yield path.removeprefix(BASE), pattern.callback.view_class

    found = []
    for path, view in walk(get_resolver().url_patterns, ""):
        if path not in NOT_ENVELOPED:
            found += [(method, path, view) for method in METHODS if hasattr(view, method)]
    return found


def filled(path: str) -> str:
    values = {"uuid": str(uuid4()), "int": "1", "path": "model.safetensors", "slug": "name", "str": "name"}
    return "/" + BASE + re.sub(r"<(?:(\w+):)?\w+>", lambda match: values[match.group(1) or "str"], path)


ROUTES = api_routes()
IDS = [f"{method} {path}" for method, path, _ in ROUTES]
each_route = pytest.mark.parametrize(("method", "path", "view"), ROUTES, ids=IDS)


def assert_enveloped_error(response) -> None:
    body = response.json()
    assert set(body) == {"status", "message", "data"}
    assert body["status"] == "error"
    assert body["message"], "an error says something to a person"
    assert re.fullmatch(r"[a-z_]+\.[a-z_]+", body["data"]["code"])
    assert body["data"]["request_id"] == response["X-Request-Id"]


def test_the_resolver_was_walked():
    assert len(ROUTES) > 60


@pytest.mark.django_db
@each_route
class TestEveryRoute:
    def test_tells_a_stranger_nothing(self, method, path, view):
        response = getattr(APIClient(), method)(filled(path), format="json")

        assert response.status_code == 401
        assert_enveloped_error(response)

    def test_answers_in_the_envelope(self, method, path, view, outsider):
        client = APIClient()
        client.force_authenticate(outsider)

        response = getattr(client, method)(filled(path), data=None, format="json")

        if response.status_code == 200:
            body = response.json()
            assert (set(body), body["status"]) == ({"status", "message", "data"}, "success")
            if method == "get" and "<" not in path and isinstance(body["data"], dict) and "items" in body["data"]:
                assert set(body["data"]) >= {"items", "next", "total"}
        else:
            assert response.status_code in {400, 403, 404, 409, 415, 422}, response.content
            assert_enveloped_error(response)

    def test_does_not_know_things_that_do_not_exist(self, method, path, view, outsider):
        if "<uuid:" not in path:
            pytest.skip("names nothing")
        client = APIClient()
        client.force_authenticate(outsider)

        response = getattr(client, method)(filled(path), data={}, format="json")

        assert response.status_code in {400, 404, 415}, response.content

    def test_takes_an_idempotency_key_where_it_creates_or_starts_something(self, method, path, view):
        if method != "post" or STREAMED.search(path) or path in NOT_CREATING:
            pytest.skip("creates nothing, or says above why not")

        assert getattr(view.post, "is_idempotent", False)


def test_openapi_describes_every_route_without_a_warning(capsys):
    document = SchemaGenerator().get_schema(request=None, public=True)

    described = {(method, path) for path, methods in document["paths"].items() for method in methods}
    wanted = {(method, "/" + BASE + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", path)) for method, path, _ in ROUTES}
    assert wanted <= described
    assert "Warning" not in capsys.readouterr().err


def test_every_enveloped_answer_is_described_as_one():
    document = SchemaGenerator().get_schema(request=None, public=True)

    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for status, answer in operation["responses"].items():
                content = answer.get("content", {}).get("application/json")
                if content is not None:
                    assert set(content["schema"].get("properties", {})) == {"status", "message", "data"}, (
                        method,
                        path,
                        status,
                    )
