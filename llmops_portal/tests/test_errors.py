import pytest
from django.test import Client
from django.urls import path

from llmops_portal.urls import handler404, handler500  # noqa: F401  # the test URLs below use the site's own

pytestmark = pytest.mark.django_db


def fails(request):
    raise ZeroDivisionError("a bug")


urlpatterns = [path("llm-ops/v1/fails", fails), path("fails", fails)]


class TestUnknownAddress:
    def test_below_the_api_is_an_envelope(self):
        response = Client().get("/llm-ops/v1/no/such/thing")

        assert response.status_code == 404
        assert response.json()["data"]["code"] == "core.not_found"
        assert response.json()["data"]["request_id"] == response["X-Request-Id"]

    def test_elsewhere_is_a_page(self):
        response = Client().get("/no-such-page")

        assert (response.status_code, response["Content-Type"]) == (404, "text/html; charset=utf-8")


@pytest.mark.urls(__name__)
class TestBug:
    def test_below_the_api_is_an_envelope_without_a_trace(self):
        response = Client(raise_request_exception=False).get("/llm-ops/v1/fails")

        assert (response.status_code, response.json()["data"]["code"]) == (500, "core.internal")
        assert "ZeroDivisionError" not in response.content.decode()

    def test_elsewhere_is_a_page_without_a_trace(self):
        response = Client(raise_request_exception=False).get("/fails")

        assert response.status_code == 500
        assert "ZeroDivisionError" not in response.content.decode()
