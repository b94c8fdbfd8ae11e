"""Answers through a gateway that listens, from a model server that answers: whole, streamed, on every surface."""

import asyncio

import aiohttp
import openai
import pytest

from apps.gateway.conf import GatewaySettings
from apps.gateway.tests.conftest import NOWHERE, events, running
from apps.gateway.tests.factories import OTHER_TEAM, TEAM, prompt, route
from apps.gateway.tests.stub import PIECES, TOOL_CALL

TEXT = "".join(PIECES)
# 21 prompt and 6 completion tokens, at 1 US dollar per 1,000.
COST = "0.027000000"


class TestChat:
    async def test_passes_the_answer_on_unchanged_and_records_what_it_cost(self, gateway, upstream, world):
        status, answer, headers = await gateway.chat(temperature=0.5)

        assert status == 200
        assert answer["choices"][0]["message"]["content"] == TEXT
        assert upstream.calls[0]["temperature"] == 0.5
        record = gateway.record
        assert headers["X-Request-Id"] == headers["X-LLMOps-Request-Id"] == record["id"]
        assert (record["outcome"], record["status"], record["route"], record["surface"]) == (
            "ok",
            200,
            "assistant",
            "openai",
        )
        assert (record["prompt_tokens"], record["completion_tokens"], record["cost_usd"]) == (21, 6, COST)
        assert (record["user_id"], record["team_id"]) == (str(world.person.id), str(TEAM))
        assert record["tokens_estimated"] is False

    async def test_writes_what_operators_tools_read_into_the_same_line(self, gateway):
        await gateway.chat()

        names = {"ts", "event", "model", "provider", "success", "latency_ms", "prompt_tokens", "completion_tokens"}
        assert names | {"error", "interaction_id"} <= gateway.record.keys()
        assert gateway.record["event"] == "llm.call"
        assert gateway.record["success"] is True
        assert gateway.record["error"] is None

    async def test_carries_the_callers_own_request_id_through(self, gateway, upstream):
        _, _, headers = await gateway.chat(headers={"X-Request-Id": "order-4711-a"})

        assert headers["X-Request-Id"] == upstream.headers[0]["X-Request-Id"] == "order-4711-a"
        assert gateway.record["client_request_id"] == "order-4711-a"
        assert headers["X-LLMOps-Request-Id"] == gateway.record["id"] != "order-4711-a"

    async def test_does_not_take_over_a_request_id_that_is_not_sane(self, gateway):
        _, _, headers = await gateway.chat(headers={"X-Request-Id": "../../etc"})

        assert headers["X-Request-Id"] == gateway.record["id"]

    async def test_never_sends_the_callers_key_or_our_own_fields_upstream(self, gateway, upstream, world):
        world.add(prompt())
        gateway.gateway.snapshots.replace(world.snapshot())

        await gateway.chat(prompt_template="classify", variables={"text": "Hello"}, messages=[])

        assert "Authorization" not in upstream.headers[0]
        assert {"prompt_template", "prompt_version", "variables"}.isdisjoint(upstream.calls[0])

    async def test_passes_tool_calls_and_formats_through(self, gateway, upstream):
        tools = [{"type": "function", "function": {"name": "find_order"}}]

        _, answer, _ = await gateway.chat(tools=tools, response_format={"type": "json_object"}, logprobs=True)

        assert answer["choices"][0]["message"]["tool_calls"] == [TOOL_CALL]
        assert upstream.calls[0]["tools"] == tools
        assert upstream.calls[0]["response_format"] == {"type": "json_object"}
        assert upstream.calls[0]["logprobs"] is True

    @pytest.mark.parametrize(
        ("given", "sent"),
        [
            ({}, {"max_tokens": 64}),
            ({"max_tokens": 10}, {"max_tokens": 10}),
            ({"max_tokens": 5000}, {"max_tokens": 64}),
            ({"max_completion_tokens": 5000}, {"max_completion_tokens": 64}),
            ({"max_tokens": 9, "max_completion_tokens": 5000}, {"max_tokens": 9, "max_completion_tokens": 9}),
        ],
    )
    async def test_lets_no_answer_be_longer_than_the_route_allows(self, gateway, upstream, given, sent):
        await gateway.chat(**given)

        assert {name: value for name, value in upstream.calls[0].items() if "max_" in name} == sent

    async def test_estimates_the_tokens_when_the_server_does_not_say(self, gateway, upstream):
        upstream.usage = None

        await gateway.chat()

        # 19 and 27 characters, 4 to a token, rounded up.
        record = gateway.record
        assert (record["prompt_tokens"], record["completion_tokens"], record["tokens_estimated"]) == (5, 7, True)

    async def test_completions_and_embeddings_pass_through(self, gateway):
        _, completion, _ = await gateway.call("/v1/completions", {"model": "assistant", "prompt": "Once"})
        _, embedding, _ = await gateway.call("/v1/embeddings", {"model": "assistant", "input": "Once"})

        assert completion["choices"][0]["text"] == TEXT
        assert embedding["data"][0]["embedding"] == [0.5]
        assert [record["prompt_tokens"] for record in gateway.records()] == [21, 4]


class TestStream:
    async def test_passes_every_event_on_and_keeps_the_usage_that_nobody_asked_for(self, gateway, upstream):
        status, raw, headers = await gateway.chat(stream=True)

        *chunks, done = events(raw)
        assert (status, headers.getone("Content-Type")) == (200, "text/event-stream; charset=utf-8")
        assert done == "[DONE]"
        assert "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks) == TEXT
        assert upstream.calls[0]["stream_options"] == {"include_usage": True}
        record = gateway.record
        assert (record["prompt_tokens"], record["completion_tokens"], record["cost_usd"]) == (21, 6, COST)
        assert record["stream"] is True
        assert 0 < record["first_token_ms"] <= record["latency_ms"]

    async def test_passes_the_usage_on_to_who_asked_for_it(self, gateway):
        _, raw, _ = await gateway.chat(stream=True, stream_options={"include_usage": True})

        assert [event["usage"]["total_tokens"] for event in events(raw)[:-1] if not event["choices"]] == [27]

    async def test_counts_the_pieces_when_the_server_does_not_say(self, gateway, upstream):
        upstream.usage = None

        await gateway.chat(stream=True)

        record = gateway.record
        assert (record["prompt_tokens"], record["completion_tokens"], record["tokens_estimated"]) == (5, 6, True)

    async def test_does_not_wait_for_the_end_before_it_passes_the_beginning(self, world, upstream, tmp_path, settings):
        upstream.behaviour = "hangs in the middle"
        body = {"model": "assistant", "stream": True, "messages": [{"role": "user", "content": "Hi"}]}
        headers = {"Authorization": f"Bearer {world.token}"}
        async with (
            running(world, tmp_path, settings, configured=GatewaySettings(url=NOWHERE)) as gateway,
            aiohttp.ClientSession() as session,
            session.post(gateway.url + "/v1/chat/completions", json=body, headers=headers) as response,
        ):
            await asyncio.wait_for(response.content.readuntil(b"refund "), 5)

            assert gateway.records() == []

    async def test_passes_tool_calls_through(self, gateway):
        _, raw, _ = await gateway.chat(stream=True, tools=[{"type": "function", "function": {"name": "find_order"}}])

        deltas = [event["choices"][0]["delta"] for event in events(raw)[:-1]]
        assert deltas[1]["tool_calls"][0]["function"] == TOOL_CALL["function"]


class TestPrompts:
    async def test_a_routes_prompt_is_put_around_the_last_message(self, gateway, upstream, world):
        pinned = prompt()
        world.add(pinned, route(address=upstream.address, prompt_id=pinned.id))
        gateway.gateway.snapshots.replace(world.snapshot())

        await gateway.chat(
            messages=[
                {"role": "user", "content": "Hi"},
                {"role": "assistant", "content": "Yes?"},
                {"role": "user", "content": "{{ text }}"},
            ]
        )

        assert [message["content"] for message in upstream.calls[0]["messages"]] == [
            "You sort messages.",
            "Hi",
            "Yes?",
            "Message: {{ text }}",
        ]
        assert gateway.record["prompt_version_id"] == str(pinned.id)

    async def test_a_missing_variable_is_named(self, gateway, upstream, world):
        world.add(prompt(user="{{ a }} {{ b }}", variables=("a", "b")))
        gateway.gateway.snapshots.replace(world.snapshot())

        status, body, _ = await gateway.call(
            "/llm-ops/v1/serve/assistant/chat", {"prompt_template": "classify", "variables": {"a": "1"}}
        )

        assert status == 422
        assert body["data"]["code"] == "prompts.variables_wrong"
        assert list(body["data"]["fields"]) == ["variables.b"]
        assert upstream.calls == []


class TestSurfaces:
    async def test_serve_answers_in_the_envelope_with_the_account(self, gateway):
        body = {"messages": [{"role": "user", "content": "Where is my refund?"}]}

        status, answer, _ = await gateway.call("/llm-ops/v1/serve/assistant/chat", body)

        data = answer["data"]
        assert (status, answer["status"]) == (200, "success")
        assert data["choices"][0]["message"]["content"] == TEXT
        assert (data["id"], data["route"], data["revision"], data["model"]) == (
            gateway.record["id"],
            "assistant",
            3,
            "voc 1",
        )
        assert (data["usage"]["total_tokens"], data["cost_usd"]) == (27, COST)

    async def test_serve_streams_events_and_then_the_account(self, gateway):
        _, raw, _ = await gateway.call(
            "/llm-ops/v1/serve/assistant/chat", {"messages": [{"role": "user", "content": "Hi"}], "stream": True}
        )

        *chunks, account, done = events(raw)
        assert "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks) == TEXT
        assert (account["object"], account["choices"], done) == ("llmops.account", [], "[DONE]")
        assert (account["id"], account["revision"], account["model"]) == (gateway.record["id"], 3, "voc 1")
        assert (account["usage"]["total_tokens"], account["cost_usd"]) == (27, COST)
        assert gateway.record["surface"] == "serve"

    @pytest.mark.parametrize("prefix", ["", "/llm-ops/v1"])
    async def test_the_older_surface_takes_a_prompt_and_gives_a_completion(self, gateway, upstream, prefix):
        body = {"model": "assistant", "prompt": "Where is my refund?"}

        _, answer, _ = await gateway.call(f"{prefix}/proxy/completion", body)
        _, raw, _ = await gateway.call(f"{prefix}/proxy/completion/stream", body)

        *pieces, done = events(raw)
        assert answer["data"]["completion"] == TEXT
        assert ([piece["completion"] for piece in pieces], done) == (PIECES, "[DONE]")
        assert upstream.calls[0]["messages"] == [{"role": "user", "content": "Where is my refund?"}]

    async def test_the_older_surface_refuses_in_the_envelope(self, gateway):
        status, answer, _ = await gateway.call("/proxy/completion", {"model": "assistant"})

        assert (status, answer["data"]["code"], list(answer["data"]["fields"])) == (
            400,
            "gateway.body_refused",
            ["prompt"],
        )

    async def test_models_lists_what_the_caller_may_use(self, gateway, world):
        world.add(route(name="hidden", team_id=OTHER_TEAM))
        gateway.gateway.snapshots.replace(world.snapshot())

        _, listed, _ = await gateway.call("/v1/models", method="GET")
        status, one, _ = await gateway.call("/v1/models/assistant", method="GET")
        missing, _, _ = await gateway.call("/v1/models/hidden", method="GET")

        assert [model["id"] for model in listed["data"]] == ["assistant"]
        assert (status, one["owned_by"], missing) == (200, "voc", 404)

    async def test_an_address_that_openai_has_and_we_do_not_says_what_there_is(self, gateway):
        status, answer, _ = await gateway.call("/v1/images/generations", {"prompt": "a cat"})

        assert (status, answer["error"]["code"]) == (404, "gateway.unsupported_path")
        assert "POST /v1/chat/completions" in answer["error"]["message"]


class TestOfficialClient:
    """OpenAI's own Python client, unchanged."""

    @pytest.fixture
    async def client(self, gateway):
        async with openai.AsyncOpenAI(base_url=gateway.url + "/v1", api_key=gateway._token, max_retries=0) as client:
            yield client

    async def test_chats_streams_and_lists(self, client, gateway):
        messages = [{"role": "user", "content": "Where is my refund?"}]

        whole = await client.chat.completions.create(model="assistant", messages=messages)
        stream = await client.chat.completions.create(
            model="assistant", messages=messages, stream=True, stream_options={"include_usage": True}
        )
        chunks = [chunk async for chunk in stream]
        models = (await client.models.list()).data

        assert whole.choices[0].message.content == TEXT
        assert whole._request_id == gateway.records()[0]["id"]
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == TEXT
        assert chunks[-1].usage.total_tokens == 27
        assert [model.id for model in models] == ["assistant"]

    async def test_raises_its_own_errors(self, client, upstream):
        messages = [{"role": "user", "content": "Hi"}]
        with pytest.raises(openai.NotFoundError, match="no route 'nothing'"):
            await client.chat.completions.create(model="nothing", messages=messages)
        with pytest.raises(openai.AuthenticationError):
            await client.with_options(api_key="sk-1234").chat.completions.create(model="assistant", messages=messages)
        upstream.behaviour = "dies in the middle"
        with pytest.raises(openai.APIError, match="ended the connection"):
            async for _ in await client.chat.completions.create(model="assistant", messages=messages, stream=True):
                pass

    async def test_names_a_prompt_by_extra_fields(self, client, upstream, world, gateway):
        world.add(prompt())
        gateway.gateway.snapshots.replace(world.snapshot())

        await client.chat.completions.create(
            model="assistant", messages=[], extra_body={"prompt_template": "classify", "variables": {"text": "Hello"}}
        )

        assert upstream.calls[0]["messages"][-1] == {"role": "user", "content": "Message: Hello"}
