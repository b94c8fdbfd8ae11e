"""Model servers that fail, in every way and at every moment, and callers that go away."""

import asyncio
from decimal import Decimal

import pytest
from django.utils import timezone

from apps.costs.money import nano_of
from apps.gateway.tests.conftest import events
from apps.gateway.tests.factories import TEAM, route
from apps.gateway.tests.stub import PIECES

TEXT = "".join(PIECES)
# 21 prompt and 6 completion tokens, at 1 US dollar per 1,000.
COST = "0.027000000"


class TestUpstreamFailures:
    @pytest.mark.parametrize("stream", [False, True])
    @pytest.mark.parametrize(
        ("behaviour", "status", "code"),
        [
            ("500", 502, "gateway.upstream_broken"),
            ("404", 502, "gateway.upstream_broken"),
            ("503", 503, "gateway.upstream_busy"),
            ("429", 503, "gateway.upstream_busy"),
            ("400", 400, "gateway.upstream_refused"),
            ("hangs", 504, "gateway.upstream_timeout"),
            ("dies", 502, "gateway.upstream_died"),
        ],
    )
    async def test_before_the_first_byte_is_a_clear_status(self, gateway, upstream, *, stream, behaviour, status, code):
        upstream.behaviour = behaviour

        answered, body, headers = await gateway.chat(stream=stream)

        assert (answered, body["error"]["code"]) == (status, code)
        record = gateway.record
        outcome = "refused" if status == 400 else "upstream_error"
        assert (record["outcome"], record["status"], record["success"]) == (outcome, status, False)
        assert (record["completion_tokens"], record["cost_usd"]) == (0, "0.000000000")
        assert record["error"].startswith(code)
        assert headers.get("Retry-After") == ("7" if status == 503 else None)

    async def test_the_servers_words_about_a_bad_request_are_passed_on(self, gateway, upstream):
        upstream.behaviour = "400"

        _, body, _ = await gateway.chat()

        assert "the context is 128 tokens long" in body["error"]["message"]

    async def test_in_the_envelope_the_upstream_is_named(self, gateway, upstream):
        upstream.behaviour = "500"

        status, body, _ = await gateway.call("/llm-ops/v1/serve/assistant/chat", {"messages": [{"role": "user"}]})

        assert (status, body["status"], body["data"]["upstream"]) == (502, "error", "assistant r3")

    async def test_nothing_listening_is_502(self, gateway, world):
        world.add(route(address="http://127.0.0.1:9"))
        gateway.gateway.snapshots.replace(world.snapshot())

        status, body, _ = await gateway.chat()

        assert (status, body["error"]["code"]) == (502, "gateway.upstream_unreachable")

    async def test_a_route_with_nothing_behind_it_is_503(self, gateway, world):
        world.add(route(address="", status="deploying"))
        gateway.gateway.snapshots.replace(world.snapshot())

        status, body, headers = await gateway.chat()

        assert (status, body["error"]["code"]) == (503, "gateway.route_not_serving")
        assert "deploying" in body["error"]["message"]
        assert headers["Retry-After"] == "5"

    async def test_an_answer_that_is_no_completion_is_502(self, gateway, upstream):
        upstream.behaviour = "nonsense"

        status, body, _ = await gateway.chat()

        assert (status, body["error"]["code"]) == (502, "gateway.upstream_nonsense")

    @pytest.mark.parametrize(
        ("behaviour", "code"),
        [
            ("hangs in the middle", "gateway.upstream_timeout"),
            ("dies in the middle", "gateway.upstream_died"),
            ("ends in the middle", "gateway.upstream_died"),
            ("says an error in the middle", "gateway.upstream_broken"),
            ("nonsense in the middle", "gateway.upstream_nonsense"),
        ],
    )
    async def test_in_the_middle_of_a_stream_is_an_error_event_and_what_passed_is_paid(
        self, gateway, upstream, behaviour, code
    ):
        upstream.behaviour = behaviour

        status, raw, _ = await gateway.chat(stream=True)

        *chunks, last = events(raw)
        assert status == 200
        assert [chunk["choices"][0]["delta"]["content"] for chunk in chunks] == ["", "Your ", "refund "]
        assert last["error"]["code"] == code
        record = gateway.record
        assert (record["outcome"], record["status"]) == ("cut", 200)
        assert (record["prompt_tokens"], record["completion_tokens"], record["tokens_estimated"]) == (5, 2, True)
        assert record["cost_usd"] == "0.007000000"
        assert gateway.gateway.budgets.spent_nano(TEAM, at=timezone.now()) == nano_of(Decimal("0.007"))


class TestClientGoesAway:
    @pytest.mark.parametrize(
        ("behaviour", "stream", "completion_tokens"), [("hangs", False, 0), ("hangs in the middle", True, 2)]
    )
    async def test_the_servers_work_is_stopped_and_recorded(
        self, gateway, upstream, behaviour, stream, completion_tokens
    ):
        upstream.behaviour = behaviour
        calling = asyncio.create_task(gateway.chat(stream=stream))
        await asyncio.to_thread(upstream.began.wait, 5)
        await asyncio.sleep(0.05)

        calling.cancel()
        await asyncio.gather(calling, return_exceptions=True)

        (record,) = await gateway.recorded()
        assert (record["outcome"], record["status"]) == ("client_gone", 499)
        assert (record["prompt_tokens"], record["completion_tokens"]) == (5, completion_tokens)
        assert record["tokens_estimated"] is True
        assert await asyncio.to_thread(upstream.abandoned.wait, 5)

    async def test_nothing_stays_reserved(self, gateway, upstream, world):
        world.budget("1")
        gateway.gateway.snapshots.replace(world.snapshot())
        upstream.behaviour = "hangs"
        calling = asyncio.create_task(gateway.chat())
        await asyncio.to_thread(upstream.began.wait, 5)

        calling.cancel()
        await asyncio.gather(calling, return_exceptions=True)
        await gateway.recorded()

        assert gateway.gateway.budgets._reserved == {}
