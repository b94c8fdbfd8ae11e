"""Pages of evaluation: who sees what, and the reviewers' queue."""

import pytest
from django.urls import reverse

from apps.evaluation import services
from apps.evaluation.models import EvaluationRun, Review, ReviewCampaign
from apps.evaluation.states import RunStatus
from apps.evaluation.tests.factories import look_until, review

HTMX = {"HX-Request": "true"}
READ = {"outsider": 404, "viewer": 200, "engineer": 200, "reviewer": 200, "approver": 200, "nobody": 302}
EVERYBODY = READ | {"outsider": 200}
WRITE = {"outsider": 404, "viewer": 422, "engineer": 302, "reviewer": 422, "approver": 422, "nobody": 302}
REVIEW = {"outsider": 404, "viewer": 403, "engineer": 403, "reviewer": 302, "approver": 403, "nobody": 302}
CAMPAIGN = {"sample_size": 2, "seed": 0, "title": "Answers", "question": "Fine?"}
WHO_MAY = [
    ("get", "evaluation:runs", EVERYBODY, {}),
    ("get", "evaluation:start", EVERYBODY | {"viewer": 403, "reviewer": 403, "approver": 403}, {}),
    ("get", "evaluation:run", READ, {}),
    ("get", "evaluation:status", READ, {}),
    # It has ended, which who may cancel is told.
    ("post", "evaluation:cancel", WRITE | {"viewer": 403, "engineer": 409, "reviewer": 403, "approver": 403}, {}),
    ("post", "evaluation:open_campaign", WRITE, CAMPAIGN),
    ("get", "evaluation:queue", EVERYBODY, {}),
    ("post", "evaluation:claim", REVIEW | {"outsider": 302}, {}),
    ("post", "evaluation:answer", REVIEW | {"viewer": 422, "engineer": 422, "approver": 422}, {"acceptable": "yes"}),
    ("post", "evaluation:release", REVIEW, {}),
]
OF_NOTHING = ("evaluation:runs", "evaluation:start", "evaluation:queue", "evaluation:claim")
OF_A_TASK = ("evaluation:answer", "evaluation:release")


@pytest.mark.parametrize("row", WHO_MAY, ids=lambda row: f"{row[0]} {row[1]}")
def test_who_may(request, client, campaign, row):
    method, name, expected, body = row
    task = services.claim_task(actor=request.getfixturevalue("reviewer"))
    arguments = [] if name in OF_NOTHING else [task.pk if name in OF_A_TASK else campaign.run_id]

    found = {}
    for who in expected:
        client.logout()
        if who != "nobody":
            client.force_login(request.getfixturevalue(who))
        found[who] = getattr(client, method)(reverse(name, args=arguments), body).status_code

    assert found == expected


class TestRunPage:
    def test_shows_intervals_and_samples(self, client, engineer, run):
        client.force_login(engineer)

        page = client.get(run.get_absolute_url()).content.decode()

        assert "0.667" in page
        assert "Answer 1." in page

    def test_shows_only_what_is_wrong_when_asked(self, client, engineer, run):
        client.force_login(engineer)

        page = client.get(f"{run.get_absolute_url()}?show=wrong").content.decode()

        assert "Question 3?" in page
        assert "Question 1?" not in page

    def test_asks_for_its_state_until_the_run_has_ended(self, client, engineer, queued, program):
        client.force_login(engineer)
        status = reverse("evaluation:status", args=[queued.pk])
        before = client.get(status, headers=HTMX)
        look_until(queued, RunStatus.SUCCEEDED)
        after = client.get(status, headers=HTMX)

        assert f'hx-get="{status}"' in before.content.decode()
        assert f'hx-get="{status}"' not in after.content.decode()
        assert after.headers["HX-Refresh"] == "true"

    def test_opens_a_campaign(self, client, engineer, run):
        client.force_login(engineer)

        client.post(reverse("evaluation:open_campaign", args=[run.pk]), CAMPAIGN)

        assert ReviewCampaign.objects.get().sample_size == 2

    def test_says_why_a_campaign_cannot_be_opened(self, client, engineer, run):
        client.force_login(engineer)

        response = client.post(reverse("evaluation:open_campaign", args=[run.pk]), CAMPAIGN | {"sample_size": 99})

        assert response.status_code == 422
        assert "fewer than the 99" in response.content.decode()

    def test_cancels_a_run_that_has_not_ended(self, client, engineer, queued):
        client.force_login(engineer)
        cancel = reverse("evaluation:cancel", args=[queued.pk])
        offered = client.get(queued.get_absolute_url()).content.decode()

        after = client.post(cancel, follow=True).content.decode()

        assert cancel in offered
        assert cancel not in after
        assert "cancelled it." in after

    @pytest.mark.parametrize("name", ["csv", "json", "parquet"])
    def test_exports(self, client, engineer, run, name):
        client.force_login(engineer)

        response = client.get(reverse("evaluation:export", args=[run.pk, name]))

        assert response.headers["Content-Disposition"].endswith(f'.{name}"')
        assert response.content


class TestStartPage:
    def test_leads_to_the_runs_page(self, client, engineer, model, heldout):
        client.force_login(engineer)
        filled = {
            "model": model.pk,
            "dataset": heldout.pk,
            "metrics": ["exact_match"],
            "seed": 1,
            "max_new_tokens": 8,
        }

        response = client.post(reverse("evaluation:start"), filled)

        run = EvaluationRun.objects.get()
        assert response.headers["Location"] == run.get_absolute_url()
        assert (run.sample_size, run.metrics_wanted) == (12, ["exact_match"])

    def test_is_filled_in_for_the_model_that_led_there(self, client, engineer, model):
        client.force_login(engineer)

        page = client.get(reverse("evaluation:start"), {"model": model.pk})

        assert f'<option value="{model.pk}" selected>' in page.text

    def test_says_which_rules_are_broken(self, client, engineer, model, heldout):
        client.force_login(engineer)
        filled = {"model": model.pk, "dataset": heldout.pk, "metrics": ["exact_match"], "seed": 1, "max_new_tokens": 8}

        response = client.post(reverse("evaluation:start"), filled | {"sample_size": 99})

        assert response.status_code == 422
        assert "sample_size_within_dataset" in response.content.decode()

    def test_says_what_is_wrong_with_a_seed_beyond_its_column(self, client, engineer, model, heldout):
        client.force_login(engineer)
        filled = {"model": model.pk, "dataset": heldout.pk, "metrics": ["exact_match"], "seed": 2**31}

        response = client.post(reverse("evaluation:start"), filled | {"max_new_tokens": 8})

        assert response.status_code == 422
        assert "less than or equal to 2147483647" in response.content.decode()


class TestQueuePage:
    def test_goes_from_answer_to_answer(self, client, reviewer, campaign):
        client.force_login(reviewer)
        client.post(reverse("evaluation:claim"))
        task = campaign.tasks.get(claimed_by=reviewer)

        response = client.post(
            reverse("evaluation:answer", args=[task.pk]), {"acceptable": "no", "comment": "Wrong"}, headers=HTMX
        )

        assert "2 waiting" in response.content.decode()
        assert (Review.objects.get().acceptable, Review.objects.get().comment) == (False, "Wrong")

    def test_shows_the_last_answer_again(self, client, reviewer, campaign):
        review(reviewer, campaign)
        client.force_login(reviewer)

        assert "You answered this" in client.get(f"{reverse('evaluation:queue')}?again=1").content.decode()

    def test_does_not_claim_by_looking(self, client, reviewer, campaign):
        client.force_login(reviewer)

        client.get(reverse("evaluation:queue"))

        assert not campaign.tasks.exclude(status="open").exists()

    def test_wants_one_of_the_two_answers(self, client, reviewer, campaign):
        client.force_login(reviewer)
        task = services.claim_task(actor=reviewer)

        response = client.post(reverse("evaluation:answer", args=[task.pk]), {"acceptable": "maybe"})

        assert response.status_code == 422
        assert not Review.objects.exists()


def test_a_comparison_needs_two_runs_that_may_be_seen(client, engineer, outsider, run):
    url = f"{reverse('evaluation:compare')}?run={run.pk}"
    client.force_login(engineer)
    alone = client.get(url).status_code
    client.force_login(outsider)

    assert alone == 400
    assert client.get(f"{url}&run=019a0000-0000-7000-8000-000000000000").status_code == 404
