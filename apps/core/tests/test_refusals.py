import json

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django_htmx.middleware import HtmxMiddleware

from apps.core.errors import BrokenRule, ConflictError, NotFoundError, RuleBrokenError
from apps.core.web.refusals import RefusalMiddleware


def answer_to(error: Exception, **headers: str) -> HttpResponse | None:
    """What becomes of `error` when a view raises it."""

    def view(request: HttpRequest) -> HttpResponse:
        return RefusalMiddleware(view).process_exception(request, error) or HttpResponse("not handled", status=599)

    return HtmxMiddleware(view)(RequestFactory().get("/", headers=headers))


REFUSAL = RuleBrokenError(
    "Two rules do not hold.",
    rules=[BrokenRule("lr", "hyperparams.lr", "It is 7.", "Use less than 1.")],
    who_can_help="Ask Ana.",
)


class TestRefusalMiddleware:
    def test_shows_why_how_to_mend_it_and_who_can_help(self):
        response = answer_to(REFUSAL)

        page = response.content.decode()
        assert response.status_code == 422
        for said in ("Two rules do not hold.", "It is 7.", "Use less than 1.", "Ask Ana."):
            assert said in page

    def test_tells_htmx_in_a_message_and_replaces_nothing(self):
        response = answer_to(REFUSAL, HX_Request="true")

        assert response.status_code == 422
        assert response["HX-Reswap"] == "none"
        assert json.loads(response["HX-Trigger"])["toast"]["text"].startswith("Two rules do not hold. It is 7.")

    @pytest.mark.parametrize(("error", "status"), [(NotFoundError(), 404), (ConflictError(), 409)])
    def test_answers_with_the_status_of_the_kind(self, error, status):
        assert answer_to(error).status_code == status

    def test_leaves_a_bug_alone(self):
        assert answer_to(KeyError("x")).status_code == 599
