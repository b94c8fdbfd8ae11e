"""Every rule of a TrainJobSpec: what breaks it, where it says so, and that all are named at once."""

import pytest

from apps.accounts.models import ObjectGrant
from apps.accounts.permissions import Permission, Role
from apps.accounts.services import grant_access
from apps.catalog.tests import factories as catalog
from apps.datasets.services import set_dataset_status
from apps.datasets.tests import factories as datasets
from apps.training import rules, services
from apps.training.errors import SpecRulesBrokenError
from apps.training.models import TrainingJob
from apps.training.tests.factories import ARCHITECTURE, HYPERPARAMS, pairs, pretrain_spec, sft_spec
from conftest import hold, lose


@pytest.fixture
def broken(engineer, team):
    """Return the rules that a specification breaks, by name with the field."""

    def ask(spec, actor=engineer):
        return {rule.rule: rule.field for rule in services.validate_spec(actor=actor, team=team, spec=spec)}

    return ask


@pytest.fixture
def people(engineer, approver):
    return engineer, approver


class TestPretrain:
    def test_a_sound_specification_breaks_none(self, broken, spec):
        assert broken(spec) == {}

    @pytest.mark.parametrize(
        ("change", "found"),
        [
            ({"model_family": "unheard-of"}, {"model_family_allowed": "model_family"}),
            ({"model_family": "gemma"}, {"family_runnable_here": "model_family"}),
            ({"base_model_ref": "voc:1"}, {"base_model_forbidden": "base_model_ref"}),
            ({"method": "lora"}, {"pretrain_is_full": "method"}),
            ({"architecture": None}, {"architecture_given_for_pretrain": "architecture"}),
            (
                {"architecture": ARCHITECTURE | {"hidden_size": 60}},
                {"architecture_heads_divide": "architecture.hidden_size"},
            ),
            (
                {"architecture": ARCHITECTURE | {"num_key_value_heads": 3}},
                {"architecture_heads_divide": "architecture.num_key_value_heads"},
            ),
            (
                {"hyperparams": HYPERPARAMS | {"max_seq_len": 129}},
                {"max_seq_len_within_context": "hyperparams.max_seq_len"},
            ),
            ({"resources": {"gpus": 1}}, {"resources_agree_with_use_gpu": "resources.gpus"}),
            (
                {"use_gpu": True},
                {"resources_agree_with_use_gpu": "resources.gpus", "hardware_available_here": "use_gpu"},
            ),
            (
                {"use_gpu": True, "resources": {"gpus": 99}},
                {"resources_within_limits": "resources.gpus", "hardware_available_here": "use_gpu"},
            ),
            (
                {"resources": {"nodes": 99}},
                {"resources_within_limits": "resources.nodes", "hardware_available_here": "resources.nodes"},
            ),
            ({"resources": {"gpu_type": "abacus"}}, {"resources_within_limits": "resources.gpu_type"}),
        ],
    )
    def test_names_the_rule_and_the_field(self, broken, spec, change, found):
        assert broken(spec | change) == found

    def test_says_how_to_mend_each(self, engineer, team, spec):
        (rule,) = services.validate_spec(actor=engineer, team=team, spec=spec | {"method": "lora"})

        assert rule.mend == "Set it to full."

    def test_names_all_that_are_broken_at_once_and_makes_no_job(self, engineer, team, spec):
        wrong = spec | {"model_family": "unheard-of", "method": "qlora", "architecture": None, "use_gpu": True}

        with pytest.raises(SpecRulesBrokenError) as refused:
            services.submit_job(actor=engineer, team=team, spec=wrong)

        assert {rule.rule for rule in refused.value.rules} == {
            "model_family_allowed",
            "pretrain_is_full",
            "architecture_given_for_pretrain",
            "resources_agree_with_use_gpu",
            "hardware_available_here",
        }
        assert not TrainingJob.objects.exists()


class TestFineTuning:
    @pytest.fixture
    def spec(self, pairs, base_model):
        return sft_spec(pairs, base_model)

    def test_a_sound_specification_breaks_none(self, broken, spec):
        assert broken(spec) == {}

    def test_takes_the_base_model_by_its_id_too(self, broken, spec, base_model):
        assert broken(spec | {"base_model_ref": str(base_model.pk)}) == {}

    @pytest.mark.parametrize(
        ("change", "found"),
        [
            ({"base_model_ref": None}, {"base_model_required": "base_model_ref"}),
            ({"base_model_ref": "no-such:1"}, {"base_model_exists": "base_model_ref"}),
            ({"base_model_ref": "tiny-base"}, {"base_model_exists": "base_model_ref"}),
            ({"base_model_ref": "019a0000-0000-7000-8000-000000000000"}, {"base_model_exists": "base_model_ref"}),
            ({"model_family": "mistral"}, {"base_model_family_matches": "model_family"}),
            ({"method": "qlora"}, {"method_runnable_here": "method"}),
            ({"architecture": ARCHITECTURE}, {"architecture_only_for_pretrain": "architecture"}),
            (
                {"hyperparams": HYPERPARAMS | {"max_seq_len": 513}},
                {"max_seq_len_within_context": "hyperparams.max_seq_len"},
            ),
            (
                {"job_type": "RLHF"},
                {"dataset_type_matches_job_type": "dataset_ref.type", "job_type_runnable_here": "job_type"},
            ),
        ],
    )
    def test_names_the_rule_and_the_field(self, broken, spec, change, found):
        assert broken(spec | change) == found

    def test_wants_an_approved_base_model_with_files(self, broken, engineer, team, spec):
        catalog.draft(engineer, team, name="unfinished")

        assert broken(spec | {"base_model_ref": "unfinished:1"}) == {
            "base_model_approved": "base_model_ref",
            "base_model_has_files": "base_model_ref",
        }


class TestDataset:
    def test_must_exist(self, broken, spec):
        missing = {"name": "nowhere", "version": "1", "type": "pretrain_corpus"}

        assert broken(spec | {"dataset_ref": missing}) == {"dataset_ref_exists": "dataset_ref"}

    def test_must_be_approved(self, broken, engineer, team):
        draft = datasets.with_file(engineer, team, [{"text": "A text."}], name="raw", type="pretrain_corpus")

        assert broken(pretrain_spec(draft)) == {"dataset_approved": "dataset_ref"}

    def test_must_be_approved_still(self, broken, manager, spec, corpus):
        set_dataset_status(actor=manager, dataset=corpus, status="deprecated", reason="Old")

        assert broken(spec) == {"dataset_approved": "dataset_ref"}

    def test_must_be_of_the_type_that_is_said(self, broken, spec):
        wrong = spec["dataset_ref"] | {"type": "sft_pair"}

        assert broken(spec | {"dataset_ref": wrong}) == {
            "dataset_ref_is_true": "dataset_ref.type",
            "dataset_type_matches_job_type": "dataset_ref.type",
        }

    def test_must_hold_the_bytes_that_are_pinned(self, broken, spec, corpus):
        pinned = spec["dataset_ref"] | {"storage_uri": corpus.storage_uri}
        other = spec["dataset_ref"] | {"storage_uri": "llmops://datasets/sha256:0"}

        assert broken(spec | {"dataset_ref": pinned}) == {}
        assert broken(spec | {"dataset_ref": other}) == {"dataset_ref_is_true": "dataset_ref.storage_uri"}

    def test_of_another_team_does_not_exist_for_who_may_not_use_it(self, broken, engineer, team, other_team, approver):
        hold(approver, other_team, Role.APPROVER)
        hold(approver, other_team, Role.ENGINEER)
        owner = approver
        # Somebody else approves what the owner made.
        hold(engineer, other_team, Role.APPROVER)
        theirs = pairs(owner, engineer, other_team, name="theirs")
        lose(user=engineer, team=other_team)
        reference = {"name": theirs.name, "version": theirs.version, "type": theirs.type}
        spec = {"job_type": "SFT", "model_family": "llama", "base_model_ref": "x:1", "hyperparams": HYPERPARAMS}
        spec |= {"dataset_ref": reference, "output": {"artifact_name": "x"}}

        assert "dataset_ref_exists" in broken(spec)

        hold(owner, other_team, Role.MANAGER)
        grant_access(actor=owner, user=engineer, permission=Permission.USE, subject=theirs)
        assert "dataset_ref_exists" not in broken(spec)

        grant_access(
            actor=owner,
            user=engineer,
            permission=Permission.USE,
            subject=theirs,
            effect=ObjectGrant.Effect.DENY,
        )
        assert "dataset_ref_exists" in broken(spec)

    def test_of_the_own_team_hides_one_of_the_same_name_elsewhere(self, broken, people, other_team, corpus, spec):
        engineer, approver = people
        for role in (Role.ENGINEER, Role.APPROVER):
            hold(approver, other_team, role)
        hold(engineer, other_team, Role.APPROVER)
        hold(engineer, other_team, Role.ENGINEER)
        rows = [{"text": "Another text of another team."}]
        datasets.approved(approver, engineer, other_team, rows, name=corpus.name, type="pretrain_corpus")

        assert broken(spec) == {}


class TestRules:
    def test_every_rule_is_in_the_list_and_named_once(self):
        defined = {
            name
            for name, value in vars(rules).items()
            if callable(value) and getattr(value, "__annotations__", {}).get("return") == rules.Fault | None
        }

        assert {rule.__name__ for rule in rules.RULES} == defined
        assert len(rules.RULES) == len(defined)
