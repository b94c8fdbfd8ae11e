import csv
import io
import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pyarrow import parquet

from apps.core.ids import new_id
from apps.evaluation import services
from apps.evaluation.models import EvaluationRun
from apps.evaluation.tests.factories import done, review

BASE = "/llm-ops/v1/evaluation"


class TestStart:
    @pytest.fixture
    def body(self, model, heldout):
        return {"model_id": str(model.pk), "dataset_id": str(heldout.pk)}

    def test_queues_a_run_and_answers_with_it(self, api, model, heldout):
        body = {"model_id": str(model.pk), "dataset_id": str(heldout.pk), "sample_size": 5, "seed": 3}

        data = api.post(f"{BASE}/runs", body, format="json").json()["data"]

        assert (data["status"], data["sample_size"], data["seed"]) == ("queued", 5, 3)
        assert data["metrics"] == ["exact_match", "token_f1"]
        assert api.get(f"{BASE}/runs/{data['id']}").json()["data"] == data

    def test_takes_settings_and_the_team_that_owns_it(self, api, body, team):
        more = {"owner_team": team.slug, "settings": {"max_new_tokens": 5}}

        data = api.post(f"{BASE}/runs", body | more, format="json").json()["data"]

        assert data["settings"] == {"max_new_tokens": 5, "sampling": "greedy"}
        assert data["owner_team"] == team.slug

    def test_takes_the_names_that_the_seeds_print(self, api, model, heldout):
        body = {"modelId": str(model.pk), "datasetId": str(heldout.pk), "sampleSize": 5}

        assert api.post(f"{BASE}/runs", body, format="json").status_code == 200

    @pytest.mark.parametrize(
        ("change", "status", "field"),
        [
            ({"sample_size": 0}, 400, "sample_size"),
            ({"seed": -1}, 400, "seed"),
            ({"metrics": "exact_match"}, 400, "metrics"),
            ({"metric": ["exact_match"]}, 400, "metric"),
            ({"run_type": "guess"}, 400, "run_type"),
            ({"settings": {"max_new_tokens": 0}}, 400, "settings.max_new_tokens"),
            ({"settings": {"temperature": 1}}, 400, "settings.temperature"),
            ({"metrics": ["bleu"]}, 422, "metrics"),
            ({"sample_size": 99}, 422, "sample_size"),
        ],
    )
    def test_names_the_field_that_is_wrong(self, api, body, change, status, field):
        response = api.post(f"{BASE}/runs", body | change, format="json")

        assert response.status_code == status
        assert field in response.json()["data"]["fields"]
        assert not EvaluationRun.objects.exists()

    def test_answers_twice_with_one_key_and_makes_one(self, api, body):
        first, second = (
            api.post(f"{BASE}/runs", body, format="json", headers={"Idempotency-Key": "k1"}) for _ in range(2)
        )

        assert first.json()["data"] == second.json()["data"]
        assert EvaluationRun.objects.count() == 1


class TestDetail:
    def test_shows_figures_samples_and_campaigns(self, api, campaign):
        data = api.get(f"{BASE}/runs/{campaign.run_id}").json()["data"]

        assert data["results"]["exact_match"]["n"] == 12
        assert len(data["samples"]) == 12
        assert data["campaigns"][0]["sample_size"] == 3

    def test_pages_through_all_samples(self, api, run):
        first = api.get(f"{BASE}/runs/{run.pk}/samples?limit=10").json()["data"]
        rest = api.get(f"{BASE}/runs/{run.pk}/samples?limit=10&cursor={first['next']}").json()["data"]

        assert sorted(sample["index"] for sample in first["items"] + rest["items"]) == list(range(12))


class TestList:
    def test_is_narrowed_by_each_filter(self, api, run, model, heldout):
        for query, found in (
            ("status=succeeded", 1),
            ("status=failed", 0),
            ("run_type=automated", 1),
            ("run_type=human", 0),
            ("owner_team=voc", 1),
            ("owner_team=logistics", 0),
            (f"model_id={model.pk}", 1),
            (f"model_id={new_id()}", 0),
            (f"dataset_id={heldout.pk}", 1),
            ("from=2020-01-01T00:00:00Z", 1),
            ("from=2100-01-01T00:00:00Z", 0),
            ("to=2020-01-01T00:00:00Z", 0),
        ):
            assert len(api.get(f"{BASE}/runs?{query}").json()["data"]["items"]) == found, query

    def test_refuses_a_filter_that_is_none(self, api, run):
        assert api.get(f"{BASE}/runs?from=yesterday").status_code == 400
        assert api.get(f"{BASE}/runs?modle_id=1").status_code == 400

    @pytest.mark.usefixtures("unaudited")
    def test_costs_the_same_number_of_queries_at_any_length(self, api, queued):
        def queries(length: int) -> int:
            wanted = length - EvaluationRun.objects.count()
            fields = {field.attname: getattr(queued, field.attname) for field in EvaluationRun._meta.concrete_fields}
            EvaluationRun.objects.bulk_create(EvaluationRun(**fields | {"id": new_id()}) for _ in range(wanted))
            with CaptureQueriesContext(connection) as captured:
                assert len(api.get(f"{BASE}/runs?limit=9").json()["data"]["items"]) == 9
            return len(captured)

        assert queries(10) == queries(1000)


class TestCompare:
    @pytest.fixture
    def other(self, engineer, model, heldout, run, program):
        """A run of which one answer that was wrong has become right."""
        other = done(services.start_run(actor=engineer, model=model, dataset=heldout))
        mended = other.samples.get(index=2)
        mended.prediction, mended.scores = mended.reference, {"exact_match": 1.0, "token_f1": 1.0}
        mended.save()
        return other

    def test_pairs_the_samples_and_says_what_is_significant(self, api, run, other):
        data = api.get(f"{BASE}/runs/compare?ids={run.pk},{other.pk}").json()["data"]

        assert [entry["id"] for entry in data["runs"]] == [str(run.pk), str(other.pk)]
        exact, f1 = data["differences"]
        assert (exact["metric"], f1["metric"]) == ("exact_match", "token_f1")
        assert (exact["better"], exact["worse"], exact["is_significant"]) == (1, 0, False)
        assert exact["difference"]["value"] == pytest.approx(1 / 12)
        assert [sample["index"] for sample in data["changed"]] == [2]
        assert data["changed"][0]["predictions"] == ["No idea.", "Answer 3."]

    def test_says_why_runs_cannot_be_paired(self, api, run, other):
        EvaluationRun.objects.filter(pk=other.pk).update(dataset_digest="sha256:0")

        data = api.get(f"{BASE}/runs/compare?ids={run.pk},{other.pk}").json()["data"]

        assert data["differences"] == []
        assert "datasets differ" in data["why_not"]

    def test_says_so_when_no_sample_is_shared(self, api, run, other):
        other.samples.all().delete()

        assert (
            "no sample in common" in (api.get(f"{BASE}/runs/compare?ids={run.pk},{other.pk}").json()["data"]["why_not"])
        )

    @pytest.mark.parametrize(("ids", "status"), [("", 400), ("x,y", 400), ("{run}", 400), ("{run},{run}", 400)])
    def test_refuses_what_are_not_two_ids(self, api, run, ids, status):
        assert api.get(f"{BASE}/runs/compare?ids={ids.format(run=run.pk)}").status_code == status

    def test_hides_runs_that_may_not_be_seen(self, api, client_of, outsider, run, other):
        assert api.get(f"{BASE}/runs/compare?ids={run.pk},{new_id()}").status_code == 404
        assert client_of(outsider).get(f"{BASE}/runs/compare?ids={run.pk},{other.pk}").status_code == 404

    def test_refuses_a_run_that_has_not_succeeded(self, api, engineer, model, heldout, run):
        queued = services.start_run(actor=engineer, model=model, dataset=heldout)

        assert api.get(f"{BASE}/runs/compare?ids={run.pk},{queued.pk}").status_code == 409


class TestExport:
    def url(self, run, name):
        return f"{BASE}/runs/{run.pk}/export?format={name}"

    def test_csv_has_a_row_for_each_sample_and_runs_no_formula(self, api, run):
        run.samples.filter(index=0).update(prediction='=HYPERLINK("x")')

        response = api.get(self.url(run, "csv"))

        rows = list(csv.DictReader(io.StringIO(response.content.decode())))
        assert response.headers["Content-Disposition"] == f'attachment; filename="evaluation-{run.pk}.csv"'
        assert len(rows) == 12
        assert (rows[0]["prediction"], rows[1]["exact_match"]) == ('\'=HYPERLINK("x")', "1.0")

    def test_json_holds_the_results_too(self, api, run):
        document = json.loads(api.get(self.url(run, "json")).content)

        assert document["results"] == run.results
        assert document["samples"][0]["prediction"] == "Answer 1."

    def test_parquet_is_parquet(self, api, run):
        table = parquet.read_table(io.BytesIO(api.get(self.url(run, "parquet")).content))

        assert table.num_rows == 12
        assert table.column("exact_match").to_pylist() == [1.0, 1.0, 0.0] * 4

    def test_another_format_is_refused_in_json(self, api, run):
        response = api.get(self.url(run, "xlsx"))

        assert response.status_code == 400
        assert "format" in response.json()["data"]["fields"]


class TestReviewing:
    @pytest.fixture
    def reviewing(self, client_of, reviewer):
        return client_of(reviewer)

    def test_goes_from_the_queue_through_a_claim_to_an_answer(self, reviewing, campaign):
        assert reviewing.get(f"{BASE}/queue").json()["data"]["waiting"] == 3
        task = reviewing.post(f"{BASE}/queue/claim", {}, format="json").json()["data"]
        body = {"task_id": task["id"], "acceptable": True, "comment": "Right"}

        first, again = (
            reviewing.post(f"{BASE}/runs/{task['run_id']}/human-review", body, format="json") for _ in range(2)
        )

        assert first.status_code == 200
        assert first.json()["data"] == again.json()["data"]
        assert reviewing.get(f"{BASE}/queue").json()["data"]["waiting"] == 2

    def test_is_blind(self, reviewing, campaign, model):
        task = reviewing.post(f"{BASE}/queue/claim", {}, format="json").json()["data"]

        assert {"prompt", "answer", "reference", "question"} <= task.keys()
        assert model.name not in json.dumps(task)

    def test_releases_a_task(self, reviewing, campaign):
        task = reviewing.post(f"{BASE}/queue/claim", {}, format="json").json()["data"]

        queue = reviewing.post(f"{BASE}/queue/tasks/{task['id']}/release", {}, format="json").json()["data"]

        assert (queue["waiting"], queue["task"]) == (3, None)

    def test_says_so_when_nothing_waits(self, reviewing, db):
        answer = reviewing.post(f"{BASE}/queue/claim", {}, format="json").json()

        assert answer["data"] is None
        assert answer["message"] == "Nothing waits for you."

    def test_wants_the_task_to_be_of_the_run(self, reviewing, campaign):
        task = reviewing.post(f"{BASE}/queue/claim", {}, format="json").json()["data"]
        body = {"task_id": task["id"], "acceptable": True}

        assert reviewing.post(f"{BASE}/runs/{new_id()}/human-review", body, format="json").status_code == 404

    def test_the_organiser_sees_how_far_it_is(self, api, reviewer, campaign):
        review(reviewer, campaign, acceptable=False)

        (entry,) = api.get(f"{BASE}/runs/{campaign.run_id}/campaigns").json()["data"]["items"]

        assert (entry["done"], entry["acceptable"]) == (1, 0)

    def test_a_campaign_gets_a_title_of_its_own(self, api, run):
        data = api.post(f"{BASE}/runs/{run.pk}/campaigns", {"sample_size": 2}, format="json").json()["data"]

        assert data["title"] == "Answers on heldout 1"
