"""Home: what needs its reader, what is running, what it costs; of their own teams alone."""

from dataclasses import fields
from decimal import Decimal

import pytest
from django.urls import reverse

from apps.accounts.models import User
from apps.catalog.tests import factories as catalog
from apps.costs.services import book_requests
from apps.costs.tests.factories import request_event
from apps.datasets.tests import factories as datasets
from apps.evaluation.models import EvaluationRun, Sample
from apps.evaluation.services import open_campaign, start_run
from apps.evaluation.tests.factories import heldout
from apps.gateway.tests.factories import stored_endpoint
from apps.portal.selectors import SHOWN, Home, home
from apps.training import services as training
from apps.training.models import TrainingJob
from apps.training.tests import factories as trainings

pytestmark = pytest.mark.django_db
HOME = "/"


@pytest.fixture
def busy(engineer, approver, team, tmp_path):
    """A team that has one of everything home shows."""
    endpoint = stored_endpoint(engineer, approver, team, tmp_path / "serving")
    corpus = trainings.corpus(engineer, approver, team)
    training.submit_job(actor=engineer, team=team, spec=trainings.pretrain_spec(corpus))
    asked = heldout(engineer, approver, team)
    model = endpoint.revision.model_version
    done, _ = (start_run(actor=engineer, model=model, dataset=asked) for _ in range(2))
    EvaluationRun.objects.filter(pk=done.pk).update(status="succeeded")
    Sample.objects.bulk_create(Sample(run=done, index=number, prompt="Where is it?") for number in range(2))
    done.refresh_from_db()
    open_campaign(actor=engineer, run=done, sample_size=2, title="Answers")
    catalog.under_review(engineer, team, tmp_path / "reviewed", name="waiting-model")
    book_requests(events=[request_event(team, "1.250000000")])
    return endpoint


def counts(person: User) -> dict[str, object]:
    """What home holds for a person: lists by their length."""
    found = home(actor=person)
    values = {field.name: getattr(found, field.name) for field in fields(Home)}
    return {name: len(value) if isinstance(value, list) else value for name, value in values.items()}


class TestHome:
    def test_shows_an_outsider_nothing_and_how_to_begin(self, busy, outsider, page_of):
        assert counts(outsider) == {
            "waiting": 0,
            "waiting_count": 0,
            "review_tasks": 0,
            "running_jobs": 0,
            "running_evaluations": 0,
            "endpoints": 0,
            "recent_models": 0,
            "month_usd": Decimal(0),
            "is_new": True,
        }
        answer = page_of(outsider, HOME)
        assert "Begin with a dataset" in answer.text
        assert not [name for name in ("assistant", "voc-base", "waiting-model") if name in answer.text]

    @pytest.mark.parametrize("who", ["viewer", "engineer", "reviewer", "approver"])
    def test_shows_members_what_runs_and_what_it_costs(self, busy, who, request):
        shown = counts(request.getfixturevalue(who))

        running = [shown[name] for name in ("running_jobs", "running_evaluations", "endpoints", "recent_models")]
        assert running == [1, 1, 1, 2]
        assert (shown["month_usd"], shown["is_new"]) == (Decimal("1.25"), False)

    @pytest.mark.parametrize(
        ("who", "waiting", "tasks"), [("viewer", 0, 0), ("engineer", 0, 0), ("reviewer", 0, 2), ("approver", 1, 0)]
    )
    def test_asks_of_each_what_they_can_do(self, busy, request, *, who, waiting, tasks):
        shown = counts(request.getfixturevalue(who))

        assert (shown["waiting_count"], shown["review_tasks"]) == (waiting, tasks)

    def test_leads_to_everything_it_shows(self, busy, approver, page_of):
        answer = page_of(approver, HOME)

        things = [busy, TrainingJob.objects.get(), EvaluationRun.objects.get(status="queued")]
        assert [thing for thing in things if f'href="{thing.get_absolute_url()}"' not in answer.text] == []
        assert "waiting-model 1" in answer.text
        assert "Begin with a dataset" not in answer.text

    def test_shows_the_newest_few_and_counts_all(self, approver, engineer, team, tmp_path):
        for number in range(SHOWN + 1):
            datasets.under_review(engineer, team, name=f"asked-{number}")

        found = home(actor=approver)

        assert [row.subject_label for row in found.waiting] == [f"asked-{number} 1" for number in range(SHOWN, 0, -1)]
        assert found.waiting_count == SHOWN + 1

    def test_does_not_greet_as_new_whoever_has_a_dataset(self, engineer, team):
        datasets.draft(engineer, team)

        assert not home(actor=engineer).is_new

    def test_forgets_what_was_deleted(self, busy, viewer):
        type(busy).objects.filter(pk=busy.pk).update(status="deleted")

        assert home(actor=viewer).endpoints == []

    @pytest.mark.parametrize("name", ["portal:home", "portal:inbox", "portal:search"])
    def test_asks_a_stranger_to_sign_in(self, client, name):
        answer = client.get(reverse(name))

        assert (answer.status_code, answer.url) == (302, f"{reverse('accounts:sign_in')}?next={reverse(name)}")
