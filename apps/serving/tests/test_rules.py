from dataclasses import replace
from typing import Any

import pytest

from apps.catalog.models import ModelVersion
from apps.catalog.tests import factories as catalog
from apps.prompts.tests.factories import prompt_version
from apps.serving import rules, services
from apps.serving.errors import DeploymentRulesBrokenError
from apps.serving.rules import Asked
from apps.serving.spec import parse_spec
from apps.serving.tests.factories import endpoint_of


@pytest.fixture
def asked(engineer, model):
    """A deployment that keeps every rule."""
    return Asked(
        actor=engineer,
        spec=parse_spec({"model_ref": str(model.pk)}),
        model=model,
        trained_by="SFT",
        prompt=None,
        pinned_digest="",
        route_name="voc",
        environment="prod",
        backend="local",
        is_new=True,
    )


def broken(asked: Asked) -> dict[str, str]:
    """Return the rules that `asked` breaks, with the field that each blames."""
    faults = [fault for rule in rules.RULES for fault in rule(asked)]
    assert all(fault.message and fault.mend for fault in faults)
    return {fault.rule: fault.field for fault in faults}


def spec(asked: Asked, **more: Any) -> Asked:
    return replace(asked, spec=parse_spec(asked.spec | more))


def model(asked: Asked, **more: Any) -> Asked:
    for name, value in more.items():
        setattr(asked.model, name, value)
    return asked


class TestRules:
    def test_all_hold_of_a_sound_deployment(self, asked):
        assert broken(asked) == {}

    @pytest.mark.parametrize("name", ["Voc", "-voc", "voc-", "v/oc", "", "v" * 61, "voc_1"])
    def test_a_route_is_a_plain_name(self, asked, name):
        assert broken(replace(asked, route_name=name)) == {"route_name_plain": "route_name"}

    def test_a_route_is_had_once(self, asked, engineer, team):
        endpoint_of(engineer, team, asked.model)

        assert broken(asked) == {"route_name_free": "route_name"}
        assert broken(replace(asked, is_new=False)) == {}

    def test_environment_and_backend_are_known(self, asked):
        found = broken(replace(asked, environment="moon", backend="slurm"))

        assert found == {"environment_known": "environment", "backend_known": "backend"}

    def test_the_model_is_one_that_the_actor_sees(self, asked):
        assert broken(replace(asked, model=None)) == {"model_exists": "model_ref"}

    def test_the_model_may_be_used(self, asked, viewer):
        assert broken(replace(asked, actor=viewer)) == {"model_usable": "model_ref"}

    @pytest.mark.parametrize(
        ("status", "environment", "fits"),
        [
            ("draft", "dev", False),
            ("under_review", "dev", True),
            ("under_review", "stg", True),
            ("under_review", "prod", False),
            ("approved", "prod", True),
            ("deprecated", "dev", False),
            ("deprecated", "prod", False),
        ],
    )
    def test_the_models_status_fits_the_environment(self, asked, status, environment, fits):
        found = broken(replace(model(asked, status=status), environment=environment))

        assert found == ({} if fits else {"model_status_fits_environment": "model_ref"})

    def test_the_model_has_files(self, asked, engineer, team):
        empty = catalog.draft(engineer, team, type=ModelVersion.Type.BASE)
        empty.status = "under_review"

        assert broken(replace(asked, model=empty, environment="dev")) == {"model_has_files": "model_ref"}

    def test_the_bytes_are_those_that_were_approved(self, asked):
        found = broken(model(asked, digest="sha256:" + "0" * 64))

        assert found == {"bytes_are_the_approved_ones": "model_ref"}

    def test_a_status_that_was_moved_past_the_approvals_is_not_believed(self, asked, engineer, team, tmp_path):
        forged = catalog.with_files(engineer, team, tmp_path / "forged", name="forged")
        ModelVersion.objects.filter(pk=forged.pk).update(status="approved")
        forged.refresh_from_db()

        assert broken(replace(asked, model=forged)) == {"bytes_are_the_approved_ones": "model_ref"}

    def test_pinned_bytes_are_unchanged(self, asked):
        found = broken(replace(asked, pinned_digest="sha256:" + "0" * 64))

        assert found == {"bytes_are_unchanged": "model_ref"}
        assert broken(replace(asked, pinned_digest=asked.model.digest)) == {}

    def test_family_and_job_type_are_the_models(self, asked):
        found = broken(spec(asked, model_family="mistral", job_type="RLHF"))

        assert found == {"model_family_matches": "model_family", "job_type_is_the_jobs": "job_type"}

    @pytest.mark.parametrize(
        ("job_type", "target", "fits"),
        [
            ("SFT", "GENERATION", True),
            ("SFT", "RAG", False),
            ("RLHF", "GENERATION", True),
            ("RLHF", "RAG", False),
            ("RAG_TUNING", "RAG", True),
            ("RAG_TUNING", "GENERATION", False),
            ("PRETRAIN", "GENERATION", True),
            ("EMBEDDING", "GENERATION", False),
            ("", "RAG", True),
        ],
    )
    def test_the_serve_target_fits_the_job_type(self, asked, job_type, target, fits):
        found = broken(spec(replace(asked, trained_by=job_type), serve_target=target))

        assert found == ({} if fits else {"serve_target_fits_job_type": "serve_target"})

    @pytest.mark.parametrize(("tokens", "fits"), [(512, True), (513, False), (None, True)])
    def test_the_input_fits_the_model(self, asked, tokens, fits):
        found = broken(spec(asked, runtime={"max_input_tokens": tokens}))

        assert found == ({} if fits else {"input_fits_model": "runtime.max_input_tokens"})

    @pytest.mark.parametrize(("tokens", "fits"), [(511, True), (512, False)])
    def test_the_output_leaves_room_for_a_question(self, asked, tokens, fits):
        found = broken(spec(asked, runtime={"max_output_tokens": tokens}))

        assert found == ({} if fits else {"output_fits_model": "runtime.max_output_tokens"})

    def test_gpus_are_asked_for_in_one_voice_and_offered(self, asked):
        assert broken(spec(asked, use_gpu=True)) == {
            "gpus_asked_consistently": "resources.gpus",
            "gpus_offered": "use_gpu",
        }
        assert broken(spec(asked, resources={"gpus": 1})) == {"gpus_asked_consistently": "use_gpu"}

    @pytest.mark.parametrize(("memory_gb", "fits"), [(11, False), (12, True)])
    def test_the_model_fits_the_gpus(self, asked, memory_gb, fits):
        resources = {"gpus": 2, "gpu_memory_gb": memory_gb}

        found = broken(spec(model(asked, size_bytes=20 * 10**9), use_gpu=True, resources=resources))

        assert ("model_fits_gpus" not in found) == fits

    @pytest.mark.parametrize(("memory", "fits"), [("1Gi", False), ("2Gi", True)])
    def test_the_model_fits_the_memory(self, asked, memory, fits):
        found = broken(spec(model(asked, size_bytes=10**9), resources={"memory": memory}))

        assert found == ({} if fits else {"model_fits_memory": "resources.memory"})

    def test_the_image_is_from_the_list(self, asked):
        assert broken(spec(asked, runtime_image="evil:latest")) == {"runtime_image_allowed": "runtime_image"}
        assert broken(spec(asked, runtime_image="llmops/serve:1-cpu")) == {}

    def test_the_backend_can_roll_out_and_scale_so(self, asked):
        found = broken(spec(asked, rollout={"strategy": "canary"}, scaling={"max_replicas": 2}))

        assert found == {"rollout_supported": "rollout.strategy", "replicas_supported": "scaling.max_replicas"}

    def test_replicas_and_shares_make_sense(self, asked):
        shares = {"strategy": "blue-green", "traffic_split": {"old": 50, "new": 60}}

        found = broken(spec(asked, rollout=shares, scaling={"min_replicas": 3, "max_replicas": 2}))

        assert found == {
            "traffic_split_sums_up": "rollout.traffic_split",
            "replicas_supported": "scaling.min_replicas",
        }

    def test_the_prompt_may_be_used(self, asked, outsider, other_team):
        foreign = prompt_version(outsider, other_team)

        assert broken(replace(asked, prompt=foreign)) == {"prompt_usable": "prompt_policy"}

    def test_all_that_are_broken_are_named_at_once(self, engineer, team, model):
        with pytest.raises(DeploymentRulesBrokenError) as refused:
            services.deploy(
                actor=engineer,
                team=team,
                spec={"model_ref": "nothing", "runtime_image": "x", "resources": {"gpus": 1}},
                route_name="No",
                environment="prod",
                backend="slurm",
            )

        assert len({rule.rule for rule in refused.value.rules}) == 5
