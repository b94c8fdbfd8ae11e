"""Training and evaluation as a person meets them: submitting, watching, comparing, reviewing with one key an answer."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

import apps.evaluation.tests
import apps.training.tests
from apps.catalog.tests import factories as catalog
from apps.evaluation import services as evaluation
from apps.evaluation.models import Review
from apps.evaluation.tests import factories as evaluation_factories
from apps.integrations.orchestration.hosts import process_host
from apps.integrations.program.tests.interpreter import FakeInterpreter
from apps.training import services as training
from apps.training.models import TrainingJob
from apps.training.states import JobStatus
from apps.training.tests import factories as training_factories
from tests.browser.conftest import DESKTOP, PHONE

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

LOOKS = {"desktop": {"viewport": DESKTOP, "theme": "light"}, "phone": {"viewport": PHONE, "theme": "dark"}}


@pytest.fixture
def folders(settings, tmp_path):
    settings.WORK_DIR, settings.DETACHED_DIR = tmp_path / "work", tmp_path / "detached"
    yield tmp_path
    for folder in (tmp_path / "work").glob("*"):
        process_host().stop(folder.name, grace_s=0)


def fake(app, folder: Path, settings) -> FakeInterpreter:
    interpreter = FakeInterpreter(folder / app.__name__, Path(app.__path__[0]) / "fake_program.py")
    settings.TRAIN_PYTHON = str(interpreter.python)
    return interpreter


@pytest.fixture
def trainer(folders, settings):
    return fake(apps.training.tests, folders, settings)


@pytest.fixture
def corpus(engineer, approver, team):
    return training_factories.corpus(engineer, approver, team)


@pytest.fixture
def job(engineer, team, corpus, trainer) -> TrainingJob:
    return training.submit_job(actor=engineer, team=team, spec=training_factories.pretrain_spec(corpus))


@pytest.fixture
def answerer(folders, settings):
    return fake(apps.evaluation.tests, folders, settings)


@pytest.fixture
def model(manager, team, folders):
    return catalog.with_files(manager, team, folders / "model", name="voc-classifier")


@pytest.fixture
def run(engineer, approver, team, model, answerer):
    heldout = evaluation_factories.heldout(engineer, approver, team)
    return evaluation_factories.done(evaluation.start_run(actor=engineer, model=model, dataset=heldout))


def fits(page, look) -> bool:
    return page.evaluate("document.documentElement.scrollWidth") <= look["viewport"]["width"]


class TestJobs:
    @pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
    def test_pages_are_accessible_and_fit_their_window(self, open_page, findings_of, engineer, job, look):
        training_factories.look_until(job, JobStatus.SUCCEEDED)
        page = open_page("/training/", user=engineer, **look)
        findings = {}
        for path in ("/training/", "/training/new", job.get_absolute_url()):
            page.goto(path)
            findings[path] = findings_of(page) + ([] if fits(page, look) else ["scrolls sideways"])

        assert {path: found for path, found in findings.items() if found} == {}

    def test_a_running_job_is_followed_to_its_end_without_a_reload(self, open_page, engineer, job, trainer):
        trainer.ends_by("wait_for_word")
        training_factories.look_until(job, JobStatus.RUNNING)
        training_factories.look(job)
        page = open_page(job.get_absolute_url(), user=engineer)
        expect(page.locator("#status-panel")).to_contain_text("Running")

        trainer.go()
        training_factories.look_until(job, JobStatus.SUCCEEDED)

        expect(page.locator("#status-panel")).to_contain_text("A model was made", timeout=10_000)
        expect(page.locator("#job-log")).to_contain_text("step 2/2", timeout=10_000)
        expect(page.get_by_role("button", name="Cancel")).to_have_count(0)

    def test_a_form_is_checked_before_it_is_submitted(self, open_page, engineer, corpus):
        page = open_page("/training/new", user=engineer)
        page.get_by_label("Name of the model").fill("voc-base")
        page.get_by_label("Dataset").select_option(index=1)

        page.get_by_role("button", name="Check").click()

        expect(page.get_by_role("alert")).to_contain_text("SFT trains on sft_pair, not on pretrain_corpus.")
        expect(page.get_by_role("alert")).to_contain_text("SFT starts from a base model.")
        assert not TrainingJob.objects.exists()

        page.get_by_label("Kind").select_option("PRETRAIN")
        page.get_by_label("Hidden size").fill("64")
        page.get_by_label("Layers").fill("2")
        page.get_by_label("Attention heads").fill("4")
        page.get_by_label("Vocabulary").fill("400")
        page.get_by_label("Context").fill("128")
        page.get_by_role("button", name="Submit").click()

        expect(page.get_by_role("heading", name="voc-base")).to_be_visible()
        assert TrainingJob.objects.get().spec["architecture"]["hidden_size"] == 64

    def test_a_queued_job_is_cancelled_after_asking(self, open_page, engineer, job):
        page = open_page(job.get_absolute_url(), user=engineer)

        page.get_by_role("button", name="Cancel").click()
        page.get_by_role("button", name="Cancel the job").click()

        expect(page.locator("#status-panel")).to_contain_text("is being cancelled")
        job.refresh_from_db()
        assert job.wanted == "cancel"


class TestEvaluations:
    @pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
    def test_pages_are_accessible_and_fit_their_window(self, open_page, findings_of, engineer, run, look):
        other = evaluation.start_run(actor=engineer, model=run.model_version, dataset=run.dataset)
        evaluation_factories.done(other)
        page = open_page("/evaluation/", user=engineer, **look)
        findings = {}
        for path in (
            "/evaluation/",
            "/evaluation/new",
            run.get_absolute_url(),
            f"/evaluation/compare?run={run.pk}&run={other.pk}",
        ):
            page.goto(path)
            findings[path] = findings_of(page) + ([] if fits(page, look) else ["scrolls sideways"])

        assert {path: found for path, found in findings.items() if found} == {}

    def test_marked_ones_are_compared(self, open_page, engineer, run):
        evaluation_factories.done(
            evaluation.start_run(actor=engineer, model=run.model_version, dataset=run.dataset, sample_size=6)
        )
        page = open_page("/evaluation/", user=engineer)

        for box in page.get_by_role("checkbox").all():
            box.check()
        page.get_by_role("button", name="Compare the marked ones").click()

        expect(page.get_by_text("No significant difference").first).to_be_visible()

    def test_answers_are_put_before_reviewers(self, open_page, engineer, run):
        page = open_page(run.get_absolute_url(), user=engineer)

        page.get_by_role("button", name="Have answers reviewed").click()
        page.get_by_label("Answers to review").fill("4")
        page.get_by_role("button", name="Put into the queue").click()

        expect(page.get_by_text("0 of 4")).to_be_visible()


class TestReviewQueue:
    @pytest.fixture
    def campaign(self, engineer, run):
        return evaluation.open_campaign(actor=engineer, run=run, sample_size=3, title="Answers")

    def test_one_key_answers_and_one_takes_back(self, open_page, reviewer, campaign):
        page = open_page("/evaluation/queue", user=reviewer)
        panel = page.locator("#review-panel")
        page.get_by_role("button", name="Start reviewing").click()
        expect(panel).to_contain_text("3 waiting")

        page.keyboard.press("j")
        expect(panel).to_contain_text("2 waiting")
        page.keyboard.press("u")
        expect(panel).to_contain_text("You answered this")
        page.keyboard.press("k")
        expect(panel).to_contain_text("2 waiting")
        page.keyboard.press("j")
        expect(panel).to_contain_text("1 waiting")
        page.keyboard.press("j")
        expect(panel).to_contain_text("Nothing waits for you")

        assert list(Review.objects.order_by("id").values_list("acceptable", flat=True)) == [False, True, True]

    def test_one_key_shows_the_expected_answer(self, open_page, reviewer, campaign):
        page = open_page("/evaluation/queue", user=reviewer)
        page.keyboard.press("j")
        expected = page.get_by_role("group").filter(has_text="Expected answer").get_by_role("paragraph")
        expect(page.locator("#review-panel")).to_contain_text("3 waiting")
        expect(expected).to_be_hidden()

        page.keyboard.press("e")

        expect(expected).to_be_visible()

    @pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
    def test_is_accessible_fits_and_works_by_touch(self, open_page, findings_of, reviewer, campaign, look):
        page = open_page("/evaluation/queue", user=reviewer, **look)
        page.get_by_role("button", name="Start reviewing").click()
        expect(page.get_by_role("button", name="Not acceptable")).to_be_visible()

        assert findings_of(page) == []
        assert fits(page, look)
        page.get_by_label("Comment").fill("Another unit")
        page.get_by_role("button", name="Not acceptable").click()
        expect(page.locator("#review-panel")).to_contain_text("2 waiting")
        assert Review.objects.get().comment == "Another unit"

    def test_does_not_say_which_model_answered(self, open_page, reviewer, campaign):
        page = open_page("/evaluation/queue", user=reviewer)
        page.get_by_role("button", name="Start reviewing").click()
        expect(page.locator("#review-panel")).to_contain_text("3 waiting")

        assert "voc-classifier" not in page.content()
