"""The panel in which a person asks a route. The call behind it is tested in `test_calls.py`."""

from decimal import Decimal

import pytest

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
        return services.ChatAnswer(
            request_id=str(new_id()),
            text="<refund_request>",
            finish_reason="stop",
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

    monkeypatch.setattr(services, "chat_as", chat_as)
    return calls


class TestChat:
    def test_asks_as_the_person_and_leads_to_what_is_behind_the_answer(self, client, engineer, endpoint, asked):
        client.force_login(engineer)

        content = client.post(URL, {"message": "Where is it?"}).content.decode()

        message = {"role": "user", "content": "Where is it?"}
        assert asked == [{"actor": engineer, "route": "voc", "messages": [message]}]
        assert "&lt;refund_request&gt;" in content
        assert "1,200 + 4 tokens" in content
        assert "/provenance/" in content

    def test_asks_for_a_value_for_each_variable_of_the_routes_prompt(
        self, client, engineer, endpoint_with_prompt, asked
    ):
        client.force_login(engineer)
        assert client.get(URL).content.count(b"<textarea") == 2

        client.post(URL, {"variable-tone": "calm", "variable-message": "Hi"})

        assert asked[0]["variables"] == {"tone": "calm", "message": "Hi"}

    def test_says_why_there_is_no_answer(self, client, engineer, endpoint, monkeypatch):
        def refuse(**_):
            raise ChatRefusedError("The team's budget is spent.", status=429, code="gateway.budget_spent")

        monkeypatch.setattr(services, "chat_as", refuse)
        client.force_login(engineer)

        response = client.post(URL, {"message": "Hi"})

        assert response.status_code == 422
        assert b"budget is spent" in response.content

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
