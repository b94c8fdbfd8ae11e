"""What governance learns of evaluation: facts and lineage."""

from apps.catalog.services import add_model_files
from apps.catalog.tests import factories as catalog
from apps.evaluation.tests.factories import review
from apps.governance.lineage import lineage_of
from apps.governance.subjects import fact_providers


def facts_of(model, name):
    return fact_providers(type(model))[name].provide(model)


class TestEvaluations:
    def test_tell_figures_and_what_they_are_of(self, run, model, heldout):
        (facts,) = facts_of(model, "evaluations")

        assert (facts["dataset"], facts["dataset_version"], facts["n"]) == ("heldout", "1", 12)
        assert facts["metrics"]["exact_match"] == {
            name: run.results["exact_match"][name] for name in ("value", "low", "high")
        }
        assert facts["is_current"] is True

    def test_are_no_longer_current_once_the_files_change(self, manager, run, model, tmp_path):
        files = catalog.files_in(tmp_path / "more", model__safetensors=catalog.safetensors(fill=1))
        model = add_model_files(actor=manager, model=model, files=files)

        assert facts_of(model, "evaluations")[0]["is_current"] is False

    def test_leave_out_what_has_not_succeeded(self, queued, model):
        assert facts_of(model, "evaluations") == []


class TestReviews:
    def test_count_answers_and_reviewers(self, reviewer, campaign, model):
        review(reviewer, campaign, acceptable=True)
        review(reviewer, campaign, acceptable=False)

        assert facts_of(model, "reviews") == {
            "count": 2,
            "answers": 2,
            "acceptable": 1,
            "acceptable_share": 0.5,
            "reviewers": [str(reviewer.pk)],
            "runs": [str(campaign.run_id)],
        }

    def test_are_none_without_a_review(self, model):
        assert facts_of(model, "reviews") == {
            "count": 0,
            "answers": 0,
            "acceptable": 0,
            "acceptable_share": 0.0,
            "reviewers": [],
            "runs": [],
        }

    def test_of_other_bytes_do_not_count(self, manager, reviewer, campaign, model, tmp_path):
        review(reviewer, campaign)
        files = catalog.files_in(tmp_path / "more", model__safetensors=catalog.safetensors(fill=1))
        model = add_model_files(actor=manager, model=model, files=files)

        assert facts_of(model, "reviews")["count"] == 0


class TestLineage:
    def test_leads_from_model_and_dataset_to_the_run(self, engineer, run, model, heldout):
        graph = lineage_of(actor=engineer, subject=run)

        assert {(model.pk, run.pk, "measured in"), (heldout.pk, run.pk, "asked in")} <= set(graph.edges)

    def test_is_followed_down_from_both(self, engineer, run, model, heldout):
        for subject in (model, heldout):
            assert run.pk in {node.id for node in lineage_of(actor=engineer, subject=subject).nodes}
