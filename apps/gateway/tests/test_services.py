"""Calls by people who are signed in: portal to gateway to model server, all of them real."""

from decimal import Decimal

import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from django.test import AsyncClient

from apps.accounts.models import User
from apps.core.ids import new_id
from apps.gateway import services
from apps.gateway.errors import ChatRefusedError, GatewayAwayError
from apps.gateway.services import ChatAnswer, chat_as
from apps.gateway.snapshot.records import Caller
from apps.gateway.tests.factories import TEAM
from apps.gateway.tests.stub import PIECES
from conftest import make_user

TEXT = "".join(PIECES)
ASKED = [{"role": "user", "content": "Where is my refund?"}]


@pytest.fixture
def person(world) -> User:
    """Somebody of the portal whom the gateway knows."""
    person = User(pk=new_id(), username="engineer")
    world.callers[person.pk] = Caller(person.pk, "engineer", False, {"use": frozenset({TEAM}), "read": frozenset()})
    return person


@pytest.fixture
def chat(person, gateway, settings):
    settings.GATEWAY = {"url": gateway.url}

    async def chat(**asked) -> list[str | ChatAnswer]:
        return [piece async for piece in await sync_to_async(chat_as)(**asked)]

    return chat


class TestChatAs:
    async def test_answers_in_pieces_and_is_recorded_in_the_persons_name(self, chat, person, gateway):
        *pieces, answer = await chat(actor=person, route="assistant", messages=ASKED, temperature=0.2)

        record = gateway.record
        assert (pieces, answer.text, answer.model, answer.revision) == (PIECES, TEXT, "voc 1", 3)
        assert (answer.cost_usd, answer.is_estimated) == (Decimal("0.027000000"), False)
        assert (answer.request_id, record["user_id"], record["api_key_id"]) == (record["id"], str(person.pk), None)

    async def test_says_why_it_was_refused(self, chat, person, upstream):
        with pytest.raises(ChatRefusedError, match="no route 'nothing'") as unknown:
            await chat(actor=person, route="nothing", messages=ASKED)
        upstream.behaviour = "500"
        with pytest.raises(ChatRefusedError, match="failed") as failed:
            await chat(actor=person, route="assistant", messages=ASKED)

        assert (unknown.value.context["status"], failed.value.context["status"]) == (404, 502)

    @pytest.mark.parametrize("behaviour", ["dies in the middle", "says an error in the middle"])
    async def test_says_why_it_ended_after_it_had_begun(self, person, gateway, settings, upstream, behaviour):
        settings.GATEWAY, upstream.behaviour = {"url": gateway.url}, behaviour
        answering = await sync_to_async(chat_as)(actor=person, route="assistant", messages=ASKED)

        assert [await anext(answering), await anext(answering)] == PIECES[:2]
        with pytest.raises(ChatRefusedError, match="server behind 'assistant r3'"):
            await anext(answering)

    async def test_says_when_the_gateway_ends_before_the_answer_does(self, chat, person, monkeypatch):
        async def cut_off():
            yield b'data: {"choices": [{"delta": {"content": "Your "}}]}\n\n'

        async def relay(**_):
            return services.Relayed(200, "text/event-stream", {}, b"", cut_off())

        monkeypatch.setattr(services, "relay", relay)

        with pytest.raises(GatewayAwayError):
            await chat(actor=person, route="assistant", messages=ASKED)

    async def test_names_the_variables_that_are_missing(self, chat, person):
        with pytest.raises(ChatRefusedError) as refused:
            await chat(actor=person, route="assistant", messages=[], variables={"text": "x"})

        assert list(refused.value.fields) == ["variables"]

    async def test_says_when_the_gateway_is_away(self, settings, person):
        settings.GATEWAY = {"url": "http://127.0.0.1:9"}

        with pytest.raises(GatewayAwayError):
            await sync_to_async(chat_as)(actor=person, route="assistant", messages=ASKED)


@pytest.mark.django_db(transaction=True)
class TestSession:
    """The same through the portal's own API, with a session's cookie."""

    @pytest.fixture
    async def client(self, gateway, world, settings):
        settings.GATEWAY = {"url": gateway.url}
        person = await sync_to_async(make_user)("engineer")
        world.callers[person.pk] = Caller(person.pk, "engineer", False, {"use": frozenset({TEAM})})
        gateway.gateway.snapshots.replace(world.snapshot())
        client = AsyncClient()
        await client.aforce_login(person)
        yield client
        await sync_to_async(connections.close_all)()  # the views ran in a thread that outlives the test

    async def post(self, client, path="serve/assistant/chat", **body):
        return await client.post(f"/llm-ops/v1/{path}", {"messages": ASKED, **body}, content_type="application/json")

    async def test_answers_in_the_envelope(self, client):
        response = await self.post(client)

        assert response.status_code == 200
        assert response.json()["data"]["choices"][0]["message"]["content"] == TEXT

    async def test_refuses_as_the_gateway_does(self, client):
        response = await self.post(client, path="serve/nothing/chat")

        assert response.status_code == 404
        assert response.json()["data"]["code"] == "gateway.route_not_found"

    async def test_streams(self, client):
        response = await self.post(client, stream=True)
        body = b"".join([piece async for piece in response.streaming_content])

        assert response["Content-Type"].startswith("text/event-stream")
        assert body.endswith(b"data: [DONE]\n\n")

    async def test_completes_a_prompt(self, client):
        response = await self.post(client, path="proxy/completion", model="assistant", prompt="Hi")

        assert response.json()["data"]["completion"] == TEXT

    async def test_a_form_of_another_site_cannot_call(self, client):
        client.handler.enforce_csrf_checks = True

        response = await self.post(client)

        assert response.status_code == 403

    async def test_nobody_is_refused(self, client):
        await client.alogout()

        response = await self.post(client)

        assert response.status_code in (401, 403)
