"""Pages of training: who sees what, and the fragments that a running job's page asks for."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.core.ids import new_id
from apps.training.models import TrainingJob
from apps.training.states import JobStatus
from apps.training.tests.factories import look, look_until

HTMX = {"HX-Request": "true"}
READ = {"outsider": 404, "viewer": 200, "engineer": 200, "reviewer": 200, "approver": 200, "nobody": 302}
WRITE = {"outsider": 404, "viewer": 403, "engineer": 302, "reviewer": 403, "approver": 403, "nobody": 302}
WHO_MAY = [
    ("get", "training:jobs", READ | {"outsider": 200}),
    ("get", "training:submit", READ | {"outsider": 200, "viewer": 403, "reviewer": 403, "approver": 403}),
    ("get", "training:job", READ),
    ("get", "training:status", READ),
    ("get", "training:log", READ),
    ("post", "training:cancel", WRITE),
    ("post", "training:retry", WRITE | {"engineer": 409}),
]


def address(name, job):
    return reverse(name) if name in ("training:jobs", "training:submit") else reverse(name, args=[job.pk])


@pytest.mark.parametrize("row", WHO_MAY, ids=lambda row: f"{row[0]} {row[1]}")
def test_who_may(request, client, queued, row):
    method, name, expected = row

    found = {}
    for who in expected:
        client.logout()
        if who != "nobody":
            client.force_login(request.getfixturevalue(who))
        found[who] = getattr(client, method)(address(name, queued)).status_code

    assert found == expected


class TestJobPage:
    def test_offers_its_buttons_to_who_may_press_them(self, client, engineer, viewer, queued):
        pages = {}
        for person in (engineer, viewer):
            client.force_login(person)
            pages[person] = client.get(queued.get_absolute_url()).content.decode()

        assert reverse("training:cancel", args=[queued.pk]) in pages[engineer]
        assert reverse("training:cancel", args=[queued.pk]) not in pages[viewer]

    def test_asks_for_its_state_until_the_job_has_ended(self, client, engineer, queued, program):
        client.force_login(engineer)
        status = reverse("training:status", args=[queued.pk])
        before = client.get(status, headers=HTMX)

        look_until(queued, JobStatus.SUCCEEDED)
        after = client.get(status, headers=HTMX)

        assert status in before.content.decode()
        assert "HX-Refresh" not in before.headers
        assert f'hx-get="{status}"' not in after.content.decode()
        assert after.headers["HX-Refresh"] == "true"

    def test_asks_for_its_log_from_where_it_is_until_the_job_has_ended(self, client, engineer, queued, program):
        client.force_login(engineer)
        log = reverse("training:log", args=[queued.pk])
        look_until(queued, JobStatus.SUCCEEDED)

        first = client.get(f"{log}?from=0").content.decode()
        last = client.get(f"{log}?from=17").content.decode()
        odd = client.get(f"{log}?from=x").content.decode()
        beyond = client.get(f"{log}?from={'9' * 5000}").content.decode()

        assert "step 2/2" in first
        assert f"{log}?from=17" in first
        assert last.strip() == ""
        assert "step 2/2" in odd
        assert "step 2/2" in beyond

    def test_escapes_what_the_job_prints(self, client, engineer, queued, program, tmp_path):
        program.ends_by("wait")
        look_until(queued, JobStatus.RUNNING)
        look(queued)
        folder = next((tmp_path / "work").glob("job-*"))
        (folder / "log.txt").write_text("<script>alert(1)</script>\n")
        client.force_login(engineer)

        assert "<script>alert" not in client.get(queued.get_absolute_url()).content.decode()

    def test_says_why_a_job_failed(self, client, engineer, queued, program):
        program.ends_by("run_out_of_memory")
        look_until(queued, JobStatus.FAILED)
        client.force_login(engineer)

        assert "often out of memory" in client.get(queued.get_absolute_url()).content.decode()


class TestSubmitPage:
    @pytest.fixture
    def filled(self, corpus, team):
        return {
            "owner_team": team.slug,
            "artifact_name": "voc-base",
            "dataset": corpus.pk,
            "job_type": "PRETRAIN",
            "model_family": "llama",
            "method": "full",
            "lr": 0.001,
            "batch_size": 8,
            "num_epochs": 1,
            "max_seq_len": 64,
            "precision": "fp32",
            "seed": 0,
            "hidden_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "vocab_size": 400,
            "max_position_embeddings": 128,
        }

    def test_leads_to_the_jobs_page(self, client, engineer, filled):
        client.force_login(engineer)

        response = client.post(reverse("training:submit"), filled)

        assert response.headers["Location"] == TrainingJob.objects.get().get_absolute_url()

    def test_checks_without_making_a_job(self, client, engineer, filled):
        client.force_login(engineer)

        sound = client.post(reverse("training:submit"), filled | {"check": "1"})
        wrong = client.post(reverse("training:submit"), filled | {"check": "1", "method": "lora"})

        assert "Every rule holds" in sound.content.decode()
        assert wrong.status_code == 422
        assert "pretrain_is_full" in wrong.content.decode()
        assert not TrainingJob.objects.exists()

    def test_offers_only_approved_datasets_that_the_person_may_use(self, client, outsider, engineer, corpus):
        pages = {}
        for person in (outsider, engineer):
            client.force_login(person)
            pages[person] = client.get(reverse("training:submit")).content.decode()

        assert str(corpus.pk) in pages[engineer]
        assert str(corpus.pk) not in pages[outsider]


@pytest.mark.usefixtures("unaudited")
def test_the_list_costs_the_same_number_of_queries_at_any_length(client, engineer, queued):
    client.force_login(engineer)

    def queries(length: int) -> int:
        wanted = length - TrainingJob.objects.count()
        fields = {field.attname: getattr(queued, field.attname) for field in TrainingJob._meta.concrete_fields}
        TrainingJob.objects.bulk_create(TrainingJob(**fields | {"id": new_id()}) for _ in range(wanted))
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse("training:jobs"))
        return len(captured)

    assert queries(60) == queries(1000)
