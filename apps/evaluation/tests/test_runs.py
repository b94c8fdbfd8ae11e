"""Runs from asked for to their figures, with real detached processes, and what is refused on the way."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from apps.accounts.errors import PermissionRefusedError
from apps.accounts.permissions import Permission, Role
from apps.accounts.services import grant_access
from apps.catalog.services import add_model_files
from apps.catalog.tests import factories as catalog
from apps.core.errors import NotFoundError
from apps.core.reconcile import GIVE_UP_AFTER, LEASE_S
from apps.datasets.tests import factories as datasets
from apps.evaluation import services, signals
from apps.evaluation.errors import RunEndedError, RunRulesBrokenError
from apps.evaluation.models import EvaluationRun, Sample
from apps.evaluation.services import finishing, reconciling
from apps.evaluation.states import RunStatus
from apps.evaluation.tests.factories import ROWS, done, look, look_until
from apps.governance.models import AuditEvent
from apps.integrations.orchestration.base import ProcessState
from apps.integrations.orchestration.hosts import process_host
from apps.integrations.orchestration.tests.contract import wait_until
from conftest import member


def actions(run):
    return list(AuditEvent.objects.filter(subject_id=run.pk).order_by("pk").values_list("action", flat=True))


@pytest.fixture
def people(engineer, manager):
    return engineer, manager


class TestStartRun:
    def test_names_the_bytes_that_answer_and_that_ask(self, engineer, queued, model, heldout):
        assert (queued.model_digest, queued.dataset_digest) == (model.digest, f"sha256:{heldout.sha256}")
        assert (queued.sample_size, queued.owner_team, queued.created_by) == (12, model.owner_team, engineer)
        assert actions(queued) == ["evaluationrun.start"]

    @pytest.mark.parametrize(
        ("change", "found"),
        [
            ({"run_type": "llm_judge"}, {"run_type_runnable_here": "run_type"}),
            ({"metrics": ["bleu"]}, {"metrics_known": "metrics"}),
            ({"metrics": []}, {"metrics_known": "metrics"}),
            ({"metrics": ["exact_match", "exact_match"]}, {"metrics_known": "metrics"}),
            ({"sample_size": 13}, {"sample_size_within_dataset": "sample_size"}),
            ({"max_new_tokens": 512}, {"answer_fits_in_context": "max_new_tokens"}),
            (
                {"metrics": ["bleu"], "sample_size": 13, "run_type": "human"},
                {
                    "metrics_known": "metrics",
                    "sample_size_within_dataset": "sample_size",
                    "run_type_runnable_here": "run_type",
                },
            ),
        ],
    )
    def test_names_every_rule_that_is_broken_and_leaves_nothing(self, engineer, model, heldout, change, found):
        with pytest.raises(RunRulesBrokenError) as refused:
            services.start_run(actor=engineer, model=model, dataset=heldout, **change)

        assert {rule.rule: rule.field for rule in refused.value.rules} == found
        assert not EvaluationRun.objects.exists()

    def test_wants_a_model_with_files(self, engineer, team, heldout):
        with pytest.raises(RunRulesBrokenError, match="has no files"):
            services.start_run(actor=engineer, model=catalog.draft(engineer, team), dataset=heldout)

    def test_wants_a_model_that_runs_here(self, engineer, team, heldout):
        external = catalog.draft(engineer, team, type="external", metadata={"provider": "openai"})

        with pytest.raises(RunRulesBrokenError, match="runs elsewhere"):
            services.start_run(actor=engineer, model=external, dataset=heldout)

    def test_wants_an_approved_dataset_with_questions(self, engineer, team, model):
        corpus = datasets.with_file(engineer, team, [{"text": "A text."}], name="c", type="pretrain_corpus")

        with pytest.raises(RunRulesBrokenError) as refused:
            services.start_run(actor=engineer, model=model, dataset=corpus)

        assert {rule.rule for rule in refused.value.rules} == {"dataset_asks_questions", "dataset_approved"}

    def test_refuses_who_may_only_look(self, viewer, model, heldout):
        with pytest.raises(PermissionRefusedError):
            services.start_run(actor=viewer, model=model, dataset=heldout)

    def test_of_another_teams_model_belongs_to_who_asked(self, people, other_team, model, heldout):
        engineer, manager = people
        colleague = member(other_team, "colleague", Role.ENGINEER)
        for subject in (model, heldout):
            grant_access(actor=manager, user=colleague, permission=Permission.USE, subject=subject)

        run = services.start_run(actor=colleague, team=other_team, model=model, dataset=heldout)

        assert run.owner_team == other_team
        with pytest.raises(NotFoundError):
            services.start_run(actor=engineer, team=other_team, model=model, dataset=heldout)

    def test_hides_model_and_dataset_from_outsiders(self, outsider, model, heldout):
        with pytest.raises(NotFoundError):
            services.start_run(actor=outsider, model=model, dataset=heldout)


class TestRun:
    def test_scores_each_sample_and_gives_means_with_intervals(self, run):
        assert [sample.scores["exact_match"] for sample in run.samples.order_by("index")] == [1, 1, 0] * 4
        result = run.results["exact_match"]
        assert result["value"] == pytest.approx(8 / 12)
        assert result["low"] < result["value"] < result["high"]
        assert (result["n"], result["confidence"]) == (12, 0.95)
        assert run.results["token_f1"]["value"] == pytest.approx(8 / 12)

    def test_keeps_what_was_asked_expected_and_answered(self, run):
        first = run.samples.get(index=0)

        assert (first.prompt, first.reference, first.prediction) == ("Question 1?", "Answer 1.", "Answer 1.")
        assert (first.prompt_tokens, first.completion_tokens, first.latency_ms) == (7, 3, 12.5)

    def test_keeps_an_answer_that_holds_a_nul(self, queued, program):
        program.ends_by("answer_with_nul")

        assert done(queued).samples.first().prediction == "Answer\ufffd \ufffd."

    def test_keeps_the_log_of_a_failure_that_holds_a_nul(self, queued, program):
        program.ends_by("fail_with_nul")

        run = look_until(queued, RunStatus.FAILED)

        assert (run.status_reason, run.log_tail) == ("No\ufffd model.", "the last\ufffdline")

    def test_is_the_same_again_to_the_last_digit(self, engineer, model, heldout, program):
        first, second = (
            done(services.start_run(actor=engineer, model=model, dataset=heldout, sample_size=7, seed=3))
            for _ in range(2)
        )

        assert first.results == second.results
        assert [s.index for s in first.samples.all()] == [s.index for s in second.samples.all()]

    def test_another_seed_draws_other_samples(self, engineer, model, heldout, program):
        drawn = [
            done(services.start_run(actor=engineer, model=model, dataset=heldout, sample_size=5, seed=seed))
            for seed in (1, 2)
        ]

        assert len({tuple(run.samples.values_list("index", flat=True)) for run in drawn}) == 2

    def test_is_announced_audited_and_costed_once(self, queued, program, rates):
        announced = []
        signals.run_finished.connect(receiver := lambda run, **_: announced.append(run.status))

        run = done(queued)
        for _ in range(3):
            look(run)

        signals.run_finished.disconnect(receiver)
        assert announced == ["succeeded"]
        assert actions(run) == ["evaluationrun.start", "evaluationrun.run", "evaluationrun.succeed"]
        seconds = (run.finished_at - run.started_at).total_seconds()
        assert run.cost_usd == pytest.approx(Decimal(str(seconds)), abs=Decimal("0.00001"))
        assert rates.asked == [(False, [str(run.model_version), run.model_version.name])]
        assert run.next_look_at is None
        assert process_host().observe(run.external_name).state == ProcessState.ABSENT

    def test_shows_how_far_it_is(self, queued, program):
        program.ends_by("wait_for_word")
        look_until(queued, RunStatus.RUNNING)
        look(queued)
        wait_until(lambda: look(queued).progress == {"done": 2, "total": 12})

        program.go()

        assert done(queued).progress == {"done": 12, "total": 12}

    def test_waits_for_its_turn(self, engineer, model, heldout, queued, program):
        second = services.start_run(actor=engineer, model=model, dataset=heldout)

        assert look(second).status_reason == "It waits for a free slot; 0 of 1 evaluations run now."
        done(queued)
        done(second)

    def test_waits_for_the_training_environment(self, queued, program):
        program.uninstall()

        assert "is not installed yet" in look(queued).status_reason

    @pytest.mark.parametrize(
        ("ending", "reason"),
        [
            ("fail", "The model cannot be read."),
            ("run_out_of_memory", "out of memory"),
            ("forget_some", "1 samples have no answer, the first is row 0."),
        ],
    )
    def test_that_fails_says_why(self, queued, program, ending, reason):
        program.ends_by(ending)

        run = look_until(queued, RunStatus.FAILED)

        assert reason in run.status_reason
        assert run.results == {}
        assert actions(run)[-1] == "evaluationrun.fail"

    def test_of_a_model_whose_files_changed_meanwhile_fails(self, manager, queued, model, program, tmp_path):
        files = catalog.files_in(tmp_path / "more", model__safetensors=catalog.safetensors(fill=1))
        add_model_files(actor=manager, model=model, files=files)

        assert "have changed" in look_until(queued, RunStatus.FAILED).status_reason
        assert program.starts == 0

    def test_that_takes_too_long_is_stopped(self, queued, program, monkeypatch):
        program.ends_by("wait_for_word")
        look_until(queued, RunStatus.RUNNING)
        look(queued)
        monkeypatch.setattr(reconciling, "TIME_LIMIT", timedelta(0))

        assert "had not ended after" in look_until(queued, RunStatus.FAILED).status_reason
        wait_until(lambda: look(queued).next_look_at is None)

    def test_that_no_step_brings_any_further_is_given_up(self, queued, program, monkeypatch):
        def fail(*_):
            raise KeyError("index")

        look_until(queued, RunStatus.RUNNING)
        monkeypatch.setattr(reconciling, "_launch", fail)
        EvaluationRun.objects.update(look_failures=GIVE_UP_AFTER - 1)
        with pytest.raises(KeyError):
            look(queued)

        queued.refresh_from_db()
        assert queued.status == RunStatus.FAILED
        assert "KeyError: 'index'" in queued.status_reason


class TestCancelRun:
    def test_ends_a_queued_run_and_frees_its_place(self, engineer, queued, model, heldout, program):
        second = services.start_run(actor=engineer, model=model, dataset=heldout)

        services.cancel_run(actor=engineer, run=queued)

        queued.refresh_from_db()
        assert (queued.status, queued.cost_usd) == (RunStatus.CANCELLED, 0)
        assert actions(queued)[-1] == "evaluationrun.cancel"
        done(second)

    def test_ends_the_process_of_a_running_one_and_removes_what_it_left(self, engineer, queued, program):
        program.ends_by("wait_for_word")
        look_until(queued, RunStatus.RUNNING)
        look(queued)

        services.cancel_run(actor=engineer, run=queued)

        wait_until(lambda: look(queued) and process_host().observe(queued.external_name).state == ProcessState.EXITED)
        long_ago = timezone.now() - timedelta(seconds=LEASE_S)
        EvaluationRun.objects.update(finished_at=long_ago, next_look_at=long_ago)
        assert look(queued).next_look_at is None
        assert process_host().observe(queued.external_name).state == ProcessState.ABSENT
        assert queued.status == RunStatus.CANCELLED

    def test_is_not_undone_by_who_was_at_it(self, engineer, queued, program, monkeypatch):
        look_until(queued, RunStatus.RUNNING)

        def cancelled_meanwhile(*_, **__):
            services.cancel_run(actor=engineer, run=EvaluationRun.objects.get(pk=queued.pk))

        monkeypatch.setattr(reconciling, "materialise_model", cancelled_meanwhile)

        assert look(queued).status == RunStatus.CANCELLED
        assert program.starts == 0

    def test_refuses_one_that_has_ended(self, engineer, run):
        with pytest.raises(RunEndedError, match="is succeeded already"):
            services.cancel_run(actor=engineer, run=run)

        assert "evaluationrun.cancel" not in actions(run)

    def test_refuses_who_may_only_look(self, viewer, queued):
        with pytest.raises(PermissionRefusedError):
            services.cancel_run(actor=viewer, run=queued)


class Killed(BaseException):
    """Stands for `kill -9` at a point: nothing after it runs."""


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (reconciling, "drawn"),
        (reconciling, "materialise_model"),
        (reconciling, "program_process"),
        (reconciling, "predictions"),
        (finishing, "outcome_of"),
        (finishing, "results_of"),
        (finishing, "cost_usd"),
    ],
)
def test_a_worker_killed_before_a_point_leaves_a_run_that_converges_once(queued, program, monkeypatch, module, name):
    program.ends_by("wait_for_word")
    real = getattr(module, name)
    deaths = []

    def die(*_args, **_kwargs):
        monkeypatch.setattr(module, name, real)
        deaths.append(name)
        raise Killed

    monkeypatch.setattr(module, name, die)
    for _ in range(400):
        try:
            look(queued)
        except Killed:
            past = timezone.now() - timedelta(seconds=LEASE_S)
            EvaluationRun.objects.filter(pk=queued.pk).update(lease_until=past, next_look_at=past)
        if program.starts and (deaths or module is finishing):
            program.go()
        if queued.is_final and queued.next_look_at is None:
            break

    assert deaths == [name]
    assert (queued.status, program.starts) == (RunStatus.SUCCEEDED, 1)
    assert Sample.objects.filter(run=queued).count() == len(ROWS)
    assert actions(queued) == ["evaluationrun.start", "evaluationrun.run", "evaluationrun.succeed"]
