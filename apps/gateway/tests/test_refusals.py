"""Calls that a gateway that listens refuses, before the model server hears of them."""

import asyncio
from dataclasses import replace
from decimal import Decimal

import aiohttp
import orjson
import pytest
from django.utils import timezone

from apps.costs.money import nano_of
from apps.gateway.recording.leftover import unbooked_nano
from apps.gateway.tests.conftest import running
from apps.gateway.tests.factories import OTHER_TEAM, TEAM, caller, route
from apps.gateway.tests.stub import PIECES

TEXT = "".join(PIECES)
# 21 prompt and 6 completion tokens, at 1 US dollar per 1,000.
COST = "0.027000000"


class TestWhoMayCall:
    @pytest.mark.parametrize("token", [None, "sk-1234", "llmo_p_" + "a" * 36])
    async def test_a_stranger_gets_401_and_fills_no_disk(self, gateway, token):
        status, answer, headers = await gateway.chat(token=token)

        assert status == 401
        assert answer["error"]["code"] == "invalid_api_key"
        assert headers["WWW-Authenticate"].startswith("Bearer")
        assert gateway.records() == []

    async def test_a_key_that_has_expired_opens_nothing(self, gateway, world):
        expired = world.key_of(world.person, expires_at=1.0)
        gateway.gateway.snapshots.replace(world.snapshot())

        assert (await gateway.chat(token=expired))[0] == 401

    async def test_a_key_of_somebody_who_was_deactivated_opens_nothing(self, gateway, world):
        del world.callers[world.person.id]
        gateway.gateway.snapshots.replace(world.snapshot())

        assert (await gateway.chat())[0] == 401

    async def test_a_key_without_the_scope_is_refused(self, gateway, world):
        token = world.key_of(world.person, scopes=("api",))
        gateway.gateway.snapshots.replace(world.snapshot())

        status, answer, _ = await gateway.chat(token=token)

        assert (status, answer["error"]["code"]) == (403, "accounts.key_scope")

    async def test_another_teams_route_does_not_exist(self, gateway, world):
        stranger = world.key_of(caller(use=(OTHER_TEAM,), read=(OTHER_TEAM,)))
        gateway.gateway.snapshots.replace(world.snapshot())

        refused = await gateway.chat(token=stranger)
        unknown = await gateway.chat(token=stranger, model="nothing")

        assert refused[0] == unknown[0] == 404
        assert refused[1]["error"]["message"].replace("assistant", "nothing") == unknown[1]["error"]["message"]
        assert refused[1]["error"]["code"] == "model_not_found"
        assert [(record["team_id"], record["route"]) for record in gateway.records()] == [
            (None, "assistant"),
            (None, "nothing"),
        ]

    async def test_who_sees_a_route_but_may_not_use_it_is_told_so(self, gateway, world):
        viewer = world.key_of(caller(use=()))
        gateway.gateway.snapshots.replace(world.snapshot())

        status, answer, _ = await gateway.chat(token=viewer)

        assert (status, answer["error"]["code"]) == (403, "gateway.use_refused")
        assert gateway.record["outcome"] == "refused"


class TestBadRequests:
    @pytest.mark.parametrize(
        ("body", "param"),
        [
            (b"{", "body"),
            (b"[]", "body"),
            (b"\xff\xfe", "body"),
            (b'{"model": "assistant", "metadata": ' + b"[" * 300 + b"]" * 300 + b"}", "body"),
            (b'{"model": "assistant", "messages": [{"role": "user", "content": "\\u0000"}]}', "body"),
            ({}, "model"),
            ({"model": "assistant"}, "messages"),
            ({"model": "assistant", "messages": []}, "messages"),
            ({"model": "assistant", "messages": ["hi"]}, "messages[0]"),
            ({"model": "assistant", "messages": [{"role": "user"}], "max_tokens": 0}, "max_tokens"),
            ({"model": "assistant", "messages": [{"role": "user"}], "n": 99}, "n"),
            ({"model": "assistant", "messages": [{"role": "user"}], "stream": "yes"}, "stream"),
            ({"model": "assistant", "messages": [{"role": "user"}], "variables": []}, "variables"),
            ({"model": "assistant", "messages": [{"role": "user"}], "rag": {"collection": "c"}}, "rag"),
        ],
    )
    async def test_names_the_field_to_blame(self, gateway, upstream, body, param):
        status, answer, _ = await gateway.call("/v1/chat/completions", body)

        assert (status, answer["error"]["param"]) == (400, param)
        assert upstream.calls == []
        assert gateway.record["outcome"] == "refused"

    @pytest.mark.parametrize("chunked", [False, True])
    async def test_reads_no_more_of_a_body_than_is_accepted(self, gateway, upstream, chunked):
        async def pieces():
            for _ in range(20):
                yield b" " * 10_000

        body = {"model": "assistant", "messages": [{"role": "user", "content": "a" * 200_000}]}
        headers = {"Authorization": f"Bearer {gateway._token}"}
        async with aiohttp.ClientSession() as session:
            sent = pieces() if chunked else orjson.dumps(body)
            async with session.post(gateway.url + "/v1/chat/completions", data=sent, headers=headers) as response:
                status, answer = response.status, await response.json()

        assert (status, answer["error"]["code"]) == (413, "gateway.body_too_large")
        assert upstream.calls == []

    async def test_does_not_wait_for_ever_for_a_body(self, gateway):
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer {gateway._token}\r\n"
        writer.write((head + "Content-Length: 100\r\n\r\n{").encode())

        answer = await asyncio.wait_for(reader.read(4096), 5)
        writer.close()
        await writer.wait_closed()

        assert answer.startswith(b"HTTP/1.1 400 ")

    async def test_refuses_what_surely_does_not_fit_the_model(self, gateway, world, upstream):
        world.add(route(address=upstream.address, max_input_tokens=10))
        gateway.gateway.snapshots.replace(world.snapshot())

        status, answer, _ = await gateway.chat(messages=[{"role": "user", "content": "a" * 161}])
        fits, _, _ = await gateway.chat(messages=[{"role": "user", "content": "a" * 160}])

        assert (status, answer["error"]["code"], fits) == (422, "gateway.input_too_long", 200)


class TestBudgets:
    async def test_a_spent_budget_refuses_and_says_until_when(self, gateway, upstream, world):
        world.budget("0.02")
        gateway.gateway.snapshots.replace(world.snapshot())

        status, body, headers = await gateway.chat()

        assert (status, body["error"]["code"]) == (429, "insufficient_quota")
        assert 0 < int(headers["Retry-After"]) <= 31 * 24 * 3600
        assert headers["X-Should-Retry"] == "false"
        assert upstream.calls == []
        assert gateway.record["outcome"] == "refused"

    async def test_fifty_calls_at_once_never_spend_more_than_the_budget(self, gateway, upstream, world):
        # A call holds back at most about 0.45 dollars and costs 0.027; two dollars are enough for 50 calls of which few
        # run at once.
        world.budget("2")
        gateway.gateway.snapshots.replace(world.snapshot())
        upstream.behaviour = "slow"

        answers = await asyncio.gather(*(gateway.chat(stream=True) for _ in range(50)))

        served = sum(status == 200 for status, _, _ in answers)
        spent = sum(Decimal(record["cost_usd"]) for record in gateway.records())
        assert {status for status, _, _ in answers} == {200, 429}
        assert spent == served * Decimal(COST) <= 2
        refused = [
            (body["error"]["code"], headers["Retry-After"]) for status, body, headers in answers if status == 429
        ]
        assert set(refused) == {("gateway.budget_reserved", "2")}

    async def test_calls_one_after_the_other_stop_before_the_budget_is_exceeded(self, gateway, world):
        world.budget("0.6")
        gateway.gateway.snapshots.replace(world.snapshot())

        statuses = [(await gateway.chat())[0] for _ in range(20)]

        spent = sum(Decimal(record["cost_usd"]) for record in gateway.records())
        assert statuses == sorted(statuses)  # once refused, always refused
        assert 200 in statuses
        assert 429 in statuses
        assert spent <= Decimal("0.6")

    async def test_what_a_gateway_that_was_killed_had_recorded_still_counts(self, gateway, world, tmp_path, settings):
        # Nothing of it is booked: the worker has not shipped it yet.
        await gateway.chat()

        def load(_):
            snapshot = world.snapshot()
            left = unbooked_nano(tmp_path / "spool", offsets={}, month=snapshot.month, except_files=())
            return replace(snapshot, unbooked_nano=left)

        async with running(world, tmp_path, settings, load=load) as restarted:
            assert restarted.gateway.budgets.spent_nano(TEAM, at=timezone.now()) == nano_of(Decimal(COST))


class TestSnapshotAge:
    async def test_a_snapshot_that_is_too_old_fails_closed(self, gateway, world, upstream):
        world.age_s = 301.0
        gateway.gateway.snapshots.replace(world.snapshot())

        status, body, _ = await gateway.chat()
        ready, _, _ = await gateway.call("/readyz", method="GET")

        assert (status, body["error"]["code"], ready) == (503, "gateway.snapshot_stale", 503)
        assert upstream.calls == []


class TestRecordingFails:
    async def test_nothing_is_answered_that_cannot_be_recorded_and_it_mends_itself(self, gateway, upstream):
        spool, written = gateway.gateway.spool, gateway.gateway.spool._write
        spool._write = _disk_full

        first, _, _ = await gateway.chat()
        second, body, _ = await gateway.chat()
        spool._write = written
        third, _, _ = await gateway.chat()

        assert (first, second, body["error"]["code"], third) == (200, 503, "gateway.not_recording", 200)
        assert len(upstream.calls) == 2
        # The first was kept in memory meanwhile; so was the refusal.
        assert [record["status"] for record in gateway.records()] == [200, 503, 200]


def _disk_full(*_):
    raise OSError(28, "No space left on device")
