import json

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.core.ids import new_id
from apps.integrations.orchestration.hosts import process_host
from apps.integrations.orchestration.tests.contract import wait_until
from apps.training.models import TrainingJob
from apps.training.states import JobStatus
from apps.training.tests.factories import ARCHITECTURE, look, look_until

BASE = "/llm-ops/v1/training/jobs"


@pytest.fixture
def body(spec):
    return spec | {"owner_team": "voc"}


def text_of(response) -> str:
    async def collect() -> bytes:
        return b"".join([piece async for piece in response.streaming_content])

    return async_to_sync(collect)().decode()


class TestSubmit:
    def test_queues_a_job_and_answers_with_it(self, api, body):
        response = api.post(BASE, body, format="json")

        assert response.status_code == 200
        data = response.json()["data"]
        assert (data["status"], data["artifact_name"], data["cost_usd"]) == ("queued", "voc-base", "0")
        assert data["timeline"][0]["message"] == "Submitted by engineer."
        assert api.get(f"{BASE}/{data['id']}").json()["data"]["spec"] == data["spec"]

    def test_takes_the_older_form(self, api, corpus):
        older = {
            "owner_team": "voc",
            "job_type": "from_scratch",
            "name": "voc-base",
            "model_family": "llama",
            "dataset_id": str(corpus.pk),
            "architecture": ARCHITECTURE,
            "hyperparameters": {"epochs": 2, "max_length": 64},
        }

        data = api.post(BASE, older, format="json").json()["data"]

        assert (data["job_type"], data["dataset"]["id"]) == ("PRETRAIN", str(corpus.pk))

    @pytest.mark.parametrize(
        ("older", "field"),
        [
            ({"job_type": "distributed", "resources": "abc"}, "resources"),
            ({"job_type": "pretrain", "name": "x", "output": [1]}, "output"),
            ({"job_type": "finetune", "dataset_ref": {"type": []}}, "dataset_ref.type"),
        ],
    )
    def test_names_what_is_of_the_wrong_kind_in_the_older_form(self, api, team, older, field):
        response = api.post(BASE, {"owner_team": "voc", **older}, format="json")

        assert response.status_code == 400
        assert field in response.json()["data"]["fields"]

    def test_names_each_field_that_cannot_be_read(self, api, body):
        unknown, missing = (
            api.post(BASE, body | change, format="json") for change in ({"model_famly": "x"}, {"hyperparams": {}})
        )

        assert unknown.status_code == missing.status_code == 400
        assert unknown.json()["data"]["fields"] == {"model_famly": ["Unknown field. Did you mean 'model_family'?"]}
        assert {"hyperparams.lr", "hyperparams.batch_size"} <= missing.json()["data"]["fields"].keys()

    def test_names_each_rule_that_is_broken(self, api, body):
        response = api.post(BASE, body | {"method": "lora", "model_family": "gemma"}, format="json")

        assert response.status_code == 422
        rules = {rule["rule"] for rule in response.json()["data"]["rules"]}
        assert rules == {"pretrain_is_full", "family_runnable_here"}
        assert not TrainingJob.objects.exists()

    @pytest.mark.parametrize("wrong", [[], "x", {}, {"owner_team": 3}])
    def test_wants_an_object_that_names_the_team(self, api, wrong):
        response = api.post(BASE, wrong, format="json")

        assert response.status_code == 400
        assert not TrainingJob.objects.exists()

    def test_answers_twice_with_one_key_and_makes_one(self, api, body):
        first, second = (api.post(BASE, body, format="json", headers={"Idempotency-Key": "k1"}) for _ in range(2))

        assert first.json()["data"] == second.json()["data"]
        assert TrainingJob.objects.count() == 1


class TestValidate:
    def test_names_every_rule_and_makes_no_job(self, api, body):
        sound, wrong = (
            api.post(f"{BASE}/validate", body | change, format="json").json()["data"]
            for change in ({}, {"method": "qlora", "use_gpu": True})
        )

        assert sound == {"is_valid": True, "rules": []}
        assert wrong["is_valid"] is False
        assert {rule["rule"] for rule in wrong["rules"]} == {
            "pretrain_is_full",
            "resources_agree_with_use_gpu",
            "hardware_available_here",
        }
        assert all(rule["mend"] for rule in wrong["rules"])
        assert not TrainingJob.objects.exists()


class TestRender:
    def test_answers_with_the_native_forms_and_makes_no_job(self, api, body):
        data = api.post(f"{BASE}/render", body, format="json").json()["data"]

        assert data["local"]["spec.json"]["train"]["architecture"] == ARCHITECTURE
        assert data["mlflow"]["params"]["job_type"] == "PRETRAIN"
        assert not TrainingJob.objects.exists()


class TestDetail:
    def test_shows_timeline_curves_facts_and_cost(self, api, queued, program):
        look_until(queued, JobStatus.SUCCEEDED)

        data = api.get(f"{BASE}/{queued.pk}").json()["data"]

        assert data["output_model"]["label"] == "voc-base 1"
        assert data["metrics"] == {"loss": [{"step": 1, "value": 2.0}, {"step": 2, "value": 1.0}]}
        assert [event["kind"] for event in data["timeline"]][-1] == "succeeded"
        assert data["resources_used"]["peak_rss_bytes"] == 1000
        assert data["tracking"] == {"run_id": "", "page": "", "trouble": ""}
        assert float(data["cost_usd"]) > 0

    def test_of_no_job_is_404(self, api, queued):
        assert api.get(f"{BASE}/{new_id()}").status_code == 404


class TestCancelAndRetry:
    def test_cancels_and_retries(self, api, queued, program):
        cancelled = api.delete(f"{BASE}/{queued.pk}")
        look_until(queued, JobStatus.CANCELLED)
        again = api.post(f"{BASE}/{queued.pk}/retry", {}, format="json")

        assert cancelled.json()["data"]["wanted"] == "cancel"
        assert again.json()["data"]["retry_of"] == str(queued.pk)
        assert api.delete(f"{BASE}/{queued.pk}").status_code == 409


class TestLogs:
    def test_are_read_piece_by_piece(self, api, queued, program):
        look_until(queued, JobStatus.SUCCEEDED)
        url = f"{BASE}/{queued.pk}/logs"

        first = api.get(url).json()["data"]
        rest = api.get(f"{url}?offset={first['next_offset']}").json()["data"]

        assert first == {"text": "step 2/2  loss 1\n", "next_offset": 17, "is_final": True}
        assert rest == {"text": "", "next_offset": 17, "is_final": True}

    def test_of_a_job_that_never_ran_are_empty(self, api, queued, program):
        assert api.get(f"{BASE}/{queued.pk}/logs").json()["data"]["text"] == ""

    def test_leave_a_line_that_is_not_whole_for_later(self, api, queued, program):
        program.ends_by("wait")
        look_until(queued, JobStatus.RUNNING)
        look(queued)
        wait_until(lambda: process_host().log_tail(queued.external_name, 1) == "ready")
        with (process_host().folder(queued.external_name) / "log.txt").open("ab") as log:
            log.write("환불".encode()[:4])

        assert api.get(f"{BASE}/{queued.pk}/logs").json()["data"]["text"] == "ready\n"

    @pytest.mark.parametrize(
        ("query", "field"),
        [("offset=-1", "offset"), ("offset=x", "offset"), (f"offset={'9' * 30}", "offset"), ("of=1", "of")],
    )
    def test_refuse_a_query_that_is_none(self, api, queued, query, field):
        response = api.get(f"{BASE}/{queued.pk}/logs?{query}")

        assert response.status_code == 400
        assert field in response.json()["data"]["fields"]

    def test_are_followed_to_the_end(self, api, queued, program):
        look_until(queued, JobStatus.SUCCEEDED)

        response = api.get(f"{BASE}/{queued.pk}/logs?follow=1", headers={"Accept": "text/event-stream"})

        assert response.headers["Content-Type"] == "text/event-stream"
        end = json.dumps({"status": "succeeded"})
        assert text_of(response) == (f"id: 17\nevent: log\ndata: step 2/2  loss 1\n\nevent: end\ndata: {end}\n\n")

    def test_go_on_from_the_last_event(self, api, queued, program):
        look_until(queued, JobStatus.SUCCEEDED)

        response = api.get(f"{BASE}/{queued.pk}/logs?follow=1", headers={"Last-Event-ID": "17"})

        assert text_of(response).startswith("event: end\n")

    def test_begin_where_they_are_asked_to_when_the_last_event_is_none(self, api, queued, program):
        look_until(queued, JobStatus.SUCCEEDED)

        response = api.get(f"{BASE}/{queued.pk}/logs?follow=1&offset=17", headers={"Last-Event-ID": "9" * 5000})

        assert text_of(response).startswith("event: end\n")

    def test_hold_no_event_that_the_job_has_made_up(self, api, queued, program):
        look_until(queued, JobStatus.SUCCEEDED)
        (process_host().folder(queued.external_name) / "log.txt").write_bytes(b"a\revent: end\r\ndata: {}\n")

        response = api.get(f"{BASE}/{queued.pk}/logs?follow=1")

        log, end, _ = text_of(response).split("\n\n")
        assert log == "id: 23\nevent: log\ndata: a\ndata: event: end\ndata: data: {}"
        assert end.startswith("event: end\n")

    def test_of_a_hidden_job_are_404_in_json_for_a_stream_too(self, client_of, outsider, queued):
        url = f"{BASE}/{queued.pk}/logs?follow=1"

        response = client_of(outsider).get(url, headers={"Accept": "text/event-stream"})

        assert response.status_code == 404
        assert response.json()["data"]["code"] == "core.not_found"


class TestList:
    def test_is_narrowed_by_each_filter(self, api, queued, program, corpus):
        job = look_until(queued, JobStatus.SUCCEEDED)

        for query, found in (
            ("status=succeeded", 1),
            ("status=queued", 0),
            ("job_type=PRETRAIN", 1),
            ("job_type=SFT", 0),
            ("owner_team=voc", 1),
            ("owner_team=logistics", 0),
            (f"model_id={job.output_model_id}", 1),
            (f"model_id={new_id()}", 0),
            (f"dataset_id={corpus.pk}", 1),
        ):
            assert len(api.get(f"{BASE}?{query}").json()["data"]["items"]) == found, query

    @pytest.mark.usefixtures("unaudited")
    def test_costs_the_same_number_of_queries_at_any_length(self, api, queued):
        def queries(length: int) -> int:
            wanted = length - TrainingJob.objects.count()
            fields = {field.attname: getattr(queued, field.attname) for field in TrainingJob._meta.concrete_fields}
            TrainingJob.objects.bulk_create(TrainingJob(**fields | {"id": new_id()}) for _ in range(wanted))
            with CaptureQueriesContext(connection) as captured:
                assert len(api.get(f"{BASE}?limit=9").json()["data"]["items"]) == 9
            return len(captured)

        assert queries(10) == queries(1000)
