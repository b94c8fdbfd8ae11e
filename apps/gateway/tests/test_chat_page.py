"""The panel in which a person asks a route. The call behind it is tested in `test_calls.py`."""

from decimal import Decimal

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient

from apps.catalog.tests import factories as catalog
from apps.core.ids import new_id
from apps.gateway import services
from apps.gateway.errors import ChatRefusedError
from apps.prompts.tests.factories import prompt_version
from apps.serving.services import deploy

URL = "/chat/voc/"


@pytest.fixture
def model(engineer, approver, team, tmp_path):
    return catalog.approved(engineer, approver, team, tmp_path / "files")


@pytest.fixture
def endpoint(engineer, team, model):
    return deploy(actor=engineer, team=team, spec={"model_ref": str(model.pk)}, route_name="voc", environment="dev")


@pytest.fixture
def endpoint_with_prompt(engineer, team, model):
    prompt = prompt_version(engineer, team, system="Be {{ tone }}.", user="{{ message }}")
    return deploy(
        actor=engineer,
        team=team,
        spec={"model_ref": str(model.pk)},
        route_name="voc",
        environment="dev",
        prompt_version=prompt,
    )


@pytest.fixture
def asked(monkeypatch):
    """What was asked of the gateway, whose answers are made up here."""
    calls = []

    def chat_as(**given):
        calls.append(given)
        return answering("<refund", "_request>", ANSWER)

    monkeypatch.setattr(services, "chat_as", chat_as)
    return calls


ANSWER = services.ChatAnswer(
    request_id=str(new_id()),
    text="<refund_request>",
    route="voc",
    revision=1,
    model="voc-classifier 1",
    prompt="",
    prompt_tokens=1200,
    completion_tokens=4,
    is_estimated=False,
    cost_usd=Decimal("0.0004"),
    latency_ms=81.3,
)


async def answering(*pieces):
    for piece in pieces:
        if isinstance(piece, Exception):
            raise piece
        yield piece


def ask(person, **answers):
    """Send the form of the panel as the portal's server does, and return the pieces of the page's answer."""

    async def send():
        client = AsyncClient()
        await client.aforce_login(person)
        response = await client.post(URL, answers)
        assert response.status_code == 200
        return [piece.decode() async for piece in response.streaming_content]

    return async_to_sync(send)()


class TestChat:
    def test_asks_as_the_person_and_leads_to_what_is_behind_the_answer(self, engineer, endpoint, asked):
        *_, article = ask(engineer, message="Where is it?")

        message = {"role": "user", "content": "Where is it?"}
        assert asked == [{"actor": engineer, "route": "voc", "messages": [message]}]
        assert "&lt;refund_request&gt;" in article
        assert "1,200 + 4 tokens" in article
        assert "/provenance/" in article

    def test_shows_the_answer_as_it_comes(self, engineer, endpoint, asked):
        *pieces, _ = ask(engineer, message="Where is it?")

        assert pieces == ["<span>&lt;refund</span>", "<span>_request&gt;</span>"]

    def test_asks_for_a_value_for_each_variable_of_the_routes_prompt(
        self, client, engineer, endpoint_with_prompt, asked
    ):
        client.force_login(engineer)
        assert client.get(URL).content.count(b"<textarea") == 2

        ask(engineer, **{"variable-tone": "calm", "variable-message": "Hi"})

        assert asked[0]["variables"] == {"tone": "calm", "message": "Hi"}

    def test_says_why_there_is_no_answer(self, client, engineer, endpoint, monkeypatch):
        def refuse(**_):
            raise ChatRefusedError("The team's budget is spent.", status=429, code="gateway.budget_spent")

        monkeypatch.setattr(services, "chat_as", refuse)
        client.force_login(engineer)

        response = client.post(URL, {"message": "Hi"})

        assert response.status_code == 422
        assert b"budget is spent" in response.content

    def test_says_why_an_answer_that_had_begun_has_no_end(self, engineer, endpoint, monkeypatch):
        refusal = ChatRefusedError("The server ended the connection.", code="gateway.upstream_died")
        monkeypatch.setattr(services, "chat_as", lambda **_: answering("Your ", refusal))

        begun, article = ask(engineer, message="Hi")

        assert begun == "<span>Your </span>"
        assert "The server ended the connection." in article

    def test_does_not_ask_with_nothing_written(self, client, engineer, endpoint, asked):
        client.force_login(engineer)

        assert client.post(URL, {"message": ""}).status_code == 422
        assert asked == []

    @pytest.mark.parametrize("method", ["get", "post"])
    def test_is_for_those_who_may_use_the_route(self, request, client, endpoint, asked, method):
        wanted = {"outsider": 404, "viewer": 403, "engineer": 200, "reviewer": 403, "approver": 403}

        seen = {}
        for who in wanted:
            client.force_login(request.getfixturevalue(who))
            seen[who] = getattr(client, method)(URL, {"message": "Hi"}).status_code

        assert seen == wanted
        assert len(asked) == (1 if method == "post" else 0)

    def test_is_not_for_strangers(self, client, endpoint):
        assert client.get(URL).status_code == 302
