"""`Idempotency-Key`: the first answer again, to the byte; and nothing kept of a refusal."""

from datetime import timedelta
from typing import ClassVar

import pytest
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate

from apps.core.api.views import PortalAPIView
from apps.core.doors import SIGNED_IN
from apps.core.errors import ConflictError
from apps.core.idempotency import forget_old_answers, idempotent
from apps.core.models import IdempotentAnswer

pytestmark = pytest.mark.django_db


class Counter(PortalAPIView):
    """Counts how often it really worked, unless the body tells it to refuse."""

    permissions: ClassVar = {"post": SIGNED_IN}
    done = 0

    @idempotent
    def post(self, request: Request) -> Response:
        if request.data.get("refuse"):
            raise ConflictError("Not now.")
        Counter.done += 1
        return self.answer({"done": Counter.done}, f"Done for the {Counter.done}. time.")


@pytest.fixture
def post(viewer):
    """Return a function from a key and a body to the rendered answer."""
    Counter.done = 0

    def send(key: str, body: dict | None = None, *, by=viewer, path: str = "/count"):
        request = APIRequestFactory().post(path, body or {}, format="json", headers={"Idempotency-Key": key})
        force_authenticate(request, by)
        return Counter.as_view()(request).render()

    return send


class TestTheSameKey:
    def test_gives_the_first_answer_again_with_its_message(self, post):
        first, second = post("k"), post("k")

        assert first.content == second.content
        assert b"Done for the 1. time." in second.content
        assert [answer.get("Idempotent-Replayed") for answer in (first, second)] == [None, "true"]

    @pytest.mark.parametrize("other", [{"body": {"more": 1}}, {"path": "/other"}])
    def test_is_refused_for_another_request(self, post, other):
        post("k")

        refused = post("k", **other)

        assert (refused.status_code, refused.data["code"]) == (409, "core.idempotency_key_reused")
        assert Counter.done == 1

    def test_of_somebody_else_is_another_key(self, post, engineer):
        assert post("k").data != post("k", by=engineer).data

    def test_works_again_after_a_day(self, post):
        post("k")
        IdempotentAnswer.objects.update(created_at=timezone.now() - timedelta(hours=25))

        assert post("k").data == {"done": 2}

    def test_can_be_used_for_the_mended_request_after_a_refusal(self, post):
        refused = post("k", {"refuse": True})

        assert (refused.status_code, IdempotentAnswer.objects.count()) == (409, 0)
        assert post("k").data == {"done": 1}


class TestNoKey:
    def test_works_every_time(self, post):
        assert [post("").data["done"] for _ in range(2)] == [1, 2]


class TestKeyTooLong:
    def test_is_refused(self, post):
        refused = post("k" * 256)

        assert (refused.status_code, Counter.done) == (400, 0)


class TestForgetOldAnswers:
    def test_deletes_those_older_than_a_day(self, post):
        post("old")
        IdempotentAnswer.objects.update(created_at=timezone.now() - timedelta(hours=25))
        post("new")

        assert forget_old_answers() == 1
        assert IdempotentAnswer.objects.get().key == "new"
