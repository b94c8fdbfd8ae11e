from datetime import timedelta

import pytest
from django.utils import timezone

from apps.core.ids import new_id
from apps.prompts.tests.factories import prompt_version
from apps.serving.models import Endpoint, EndpointRevision
from apps.serving.tests.factories import endpoint_of
from apps.telemetry.models import RequestEvent

BASE = "/llm-ops/v1/serving/endpoints"


@pytest.fixture
def api(client_of, engineer):
    return client_of(engineer)


@pytest.fixture
def body(model):
    return {"model_ref": str(model.pk), "owner_team": "voc", "route_name": "voc", "environment": "dev"}


class TestEndpoints:
    def test_deploys_and_shows_all_of_it(self, api, body, engineer, team, model):
        prompt = prompt_version(engineer, team)
        body |= {"prompt_policy": {"template": prompt.template.name}, "runtime": {"maxOutputTokens": 20}}

        data = api.post(BASE, body, format="json").json()["data"]

        assert (data["route_name"], data["status"], data["model"]) == ("voc", "pending", str(model))
        assert (data["revision"], data["serving_revision"], data["prompt"]) == (1, None, "classify v1")
        assert data["revisions"][0]["spec"]["runtime"]["max_output_tokens"] == 20
        assert [event["kind"] for event in data["timeline"]] == ["deploy"]
        assert api.get(f"{BASE}/{data['id']}").json()["data"] == data

    def test_names_every_broken_rule(self, api, body):
        response = api.post(BASE, body | {"route_name": "Not Good", "backend": "slurm"}, format="json")

        assert response.status_code == 422
        assert {rule["rule"] for rule in response.json()["data"]["rules"]} == {"route_name_plain", "backend_known"}
        assert not Endpoint.objects.exists()

    def test_names_malformed_fields(self, api, body):
        response = api.post(BASE, body | {"environment": "moon", "resources": {"cpu": "many"}}, format="json")

        assert response.status_code == 400
        assert set(response.json()["data"]["fields"]) == {"environment", "resources.cpu"}

    def test_refuses_a_prompt_that_is_not_there(self, api, body):
        response = api.post(BASE, body | {"prompt_policy": {"template": "nothing", "version": 2}}, format="json")

        assert response.status_code == 422
        assert response.json()["message"] == "There is no prompt 'nothing' version 2 that you may use."

    def test_answers_twice_with_one_key_and_deploys_once(self, api, body):
        first, second = (api.post(BASE, body, format="json", headers={"Idempotency-Key": "k"}) for _ in range(2))

        assert first.json() == second.json()
        assert Endpoint.objects.count() == 1

    def test_filters(self, api, engineer, team, model, endpoint):
        Endpoint.objects.filter(pk=endpoint_of(engineer, team, model, route_name="old").pk).update(status="deleted")
        asked = {
            "": 1,
            "environment=dev": 1,
            "environment=prod": 0,
            f"model_id={model.pk}": 1,
            f"model_id={new_id()}": 0,
            "status=pending": 1,
            "status=deleted": 1,
            "owner_team=voc": 1,
            "owner_team=none": 0,
            "q=vo": 1,
        }

        found = {query: len(api.get(f"{BASE}?{query}").json()["data"]["items"]) for query in asked}

        assert found == asked

    @pytest.mark.parametrize("rows", [10, 1000])
    @pytest.mark.usefixtures("unaudited")
    def test_asks_the_database_as_often_for_many_as_for_few(self, api, endpoint, rows, django_assert_max_num_queries):
        made = [
            Endpoint(
                owner_team=endpoint.owner_team, route_name=f"r{n}", environment="dev", created_by=endpoint.created_by
            )
            for n in range(rows)
        ]
        Endpoint.objects.bulk_create(made)
        like = {
            name: getattr(endpoint.revision, name)
            for name in (
                "model_version",
                "model_digest",
                "spec",
                "runtime_image",
                "digest",
                "server_digest",
                "created_by",
            )
        }
        revisions = [EndpointRevision(endpoint=row, number=1, cause="deploy", **like) for row in made]
        EndpointRevision.objects.bulk_create(revisions)
        for row, revision in zip(made, revisions, strict=True):
            row.revision = row.serving_revision = revision
        Endpoint.objects.bulk_update(made, ["revision", "serving_revision"])

        with django_assert_max_num_queries(3):
            items = api.get(f"{BASE}?limit=500").json()["data"]["items"]

        assert len(items) == min(rows + 1, 500)


class TestEndpointDetail:
    def test_shows_the_traffic_and_what_it_cost(self, api, endpoint):
        now = timezone.now()
        like = {"endpoint_id": endpoint.pk, "route": "voc", "surface": "serve", "status": 200}
        RequestEvent.objects.create(
            id=new_id(), at=now, outcome="ok", cost_usd="0.25", latency_ms=80, prompt_tokens=7, **like
        )
        RequestEvent.objects.create(
            id=new_id(), at=now - timedelta(days=3), outcome="ok", cost_usd="0.5", latency_ms=80, **like
        )
        RequestEvent.objects.create(id=new_id(), at=now - timedelta(days=31), outcome="ok", cost_usd="9", **like)

        data = api.get(f"{BASE}/{endpoint.pk}").json()["data"]

        assert (data["traffic"]["requests"], data["traffic"]["prompt_tokens"]) == (1, 7)
        assert data["cost"] == {"amount": "0.750000000", "currency": "USD"}

    def test_takes_a_prompt_away_by_null(self, api, engineer, team, model):
        endpoint = endpoint_of(engineer, team, model, prompt_version=prompt_version(engineer, team))

        data = api.patch(f"{BASE}/{endpoint.pk}", {"prompt_policy": None}, format="json").json()["data"]

        assert (data["revision"], data["prompt"]) == (2, None)

    def test_leaves_the_prompt_alone_when_it_is_not_named(self, api, engineer, team, model):
        endpoint = endpoint_of(engineer, team, model, prompt_version=prompt_version(engineer, team))

        data = api.patch(f"{BASE}/{endpoint.pk}", {"scaling": {"target": 2}}, format="json").json()["data"]

        assert data["prompt"] == "classify v1"


class TestRender:
    def test_shows_the_process_and_starts_nothing(self, api, body, model):
        data = api.post(f"{BASE}/render", body, format="json").json()["data"]

        assert data["image"] == "llmops/serve:1-cpu"
        assert data["native"]["argv"][-2:] == ["serve", "spec.json"]
        manifest = data["native"]["files"]["spec.json"]["manifest"]["files"]
        assert {file["path"] for file in manifest} == {"model.safetensors", "config.json", "tokenizer.json"}
        assert not Endpoint.objects.exists()

    def test_refuses_what_deploying_would_refuse(self, api, body):
        response = api.post(f"{BASE}/render", body | {"model_family": "gpt"}, format="json")

        assert response.status_code == 422
