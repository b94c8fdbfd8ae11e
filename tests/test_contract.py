"""The HTTP contract, checked on every route that the resolver knows: a route added tomorrow is under it too."""

import re

import pytest
from drf_spectacular.drainage import GENERATOR_STATS
from rest_framework.test import APIClient

from tests.routes import api_routes, described_data, described_lists, filled, openapi, templated

# Streams of bytes in or out: no key is needed, the same bytes give the same digest.
STREAMED = re.compile(r"/(upload|files)$")
# These create nothing that could be there twice; and the answers of the last three hold a secret, which is never kept.
# These create nothing that could be there twice; and the answers of the last hold a secret, which is never kept.
NOT_CREATING = {
    "training/jobs/validate",
    "training/jobs/render",
    "serve/<str:route_name>/chat",
    "proxy/completion",
    "proxy/completion/stream",
    "accounts/keys",
    "accounts/keys/<uuid:key_id>/rotate",
    "governance/access-requests/<uuid:request_id>/collect",
    "governance/webhooks",
    "governance/webhooks/<uuid:webhook_id>/rotate-secret",
}
# Lists that come whole, since their parts add up.
WHOLE = {"/llm-ops/v1/governance/observability/cost-profiles"}
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
            if method == "get":
                described = described_data(openapi()["paths"][templated(path)]["get"])
                assert set(body["data"]) == set(described["properties"])
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


def test_openapi_describes_every_route_without_a_warning():
    described = {(method, path) for path, methods in openapi()["paths"].items() for method in methods}

    assert {(method, templated(path)) for method, path, _ in ROUTES} <= described
    assert [*GENERATOR_STATS._warn_cache, *GENERATOR_STATS._error_cache] == []


def test_every_enveloped_answer_is_described_as_one():
    for path, methods in openapi()["paths"].items():
        for method, operation in methods.items():
            for status, answer in operation["responses"].items():
                content = answer.get("content", {}).get("application/json")
                if content is not None:
                    assert set(content["schema"].get("properties", {})) == {"status", "message", "data"}, (
                        method,
                        path,
                        status,
                    )


class TestDescribedLists:
    def test_are_all_there(self):
        assert len(described_lists()) > 15

    @pytest.mark.parametrize("path", sorted(described_lists()))
    def test_are_pages(self, path):
        operation = openapi()["paths"][path]["get"]
        page = described_data(operation)

        assert set(page["properties"]) == {"items", "next", "total"}
        assert page["properties"]["items"]["type"] == "array"
        assert page["properties"]["next"]["nullable"]

    def test_are_turned_over_by_limit_and_cursor(self):
        asked = {path: openapi()["paths"][path]["get"].get("parameters", []) for path in described_lists()}
        names = {path: {parameter["name"] for parameter in parameters} for path, parameters in asked.items()}

        assert {path for path in names if not names[path] >= {"limit", "cursor"}} == WHOLE
