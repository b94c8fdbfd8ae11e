import pytest

from apps.training.errors import SpecInvalidError
from apps.training.older_forms import from_older_form, is_older_form
from apps.training.spec import read_spec
from apps.training.tests.factories import ARCHITECTURE, HYPERPARAMS

SOUND = {
    "job_type": "PRETRAIN",
    "model_family": "llama",
    "dataset_ref": {"name": "corpus", "version": "1", "type": "pretrain_corpus"},
    "hyperparams": HYPERPARAMS,
    "output": {"artifact_name": "voc-base"},
}


class TestReadSpec:
    def test_fills_in_every_default(self):
        spec = read_spec(SOUND)

        assert spec["method"] == "full"
        assert spec["resources"] == {"gpus": 0, "gpu_type": "", "nodes": 1}
        assert spec["hyperparams"]["precision"] == "fp32"
        assert spec["output"]["save_format"] == "hf"
        assert (spec["use_gpu"], spec["seed"], spec["base_model_ref"]) == (False, 0, None)

    def test_what_it_returns_reads_as_itself(self):
        assert read_spec(read_spec(SOUND)) == read_spec(SOUND)

    def test_takes_the_names_that_the_seeds_print(self):
        assert read_spec(SOUND | {"useGpu": True})["use_gpu"] is True

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"job_type": "BAKING"}, "job_type"),
            ({"jobtype": "SFT"}, "jobtype"),
            ({"dataset_ref": {"name": "corpus"}}, "dataset_ref.version"),
            ({"dataset_ref": "corpus"}, "dataset_ref"),
            ({"hyperparams": HYPERPARAMS | {"lr": 0}}, "hyperparams.lr"),
            ({"hyperparams": HYPERPARAMS | {"lr": "NaN"}}, "hyperparams.lr"),
            ({"hyperparams": HYPERPARAMS | {"lr": "inf"}}, "hyperparams.lr"),
            ({"hyperparams": HYPERPARAMS | {"batch_size": 0}}, "hyperparams.batch_size"),
            ({"hyperparams": HYPERPARAMS | {"num_epoch": 3}}, "hyperparams.num_epoch"),
            ({"hyperparams": HYPERPARAMS | {"precision": "fp8"}}, "hyperparams.precision"),
            ({"output": {"artifact_name": "../x"}}, "output.artifact_name"),
            ({"architecture": ARCHITECTURE | {"hidden_size": -1}}, "architecture.hidden_size"),
            ({"runtime_image": "mine:latest"}, "runtime_image"),
            ({"seed": 2**32}, "seed"),
        ],
    )
    def test_names_the_field_that_cannot_be_read(self, change, field):
        with pytest.raises(SpecInvalidError) as refused:
            read_spec(SOUND | change)

        assert field in refused.value.fields

    @pytest.mark.parametrize("raw", [None, [], "x", 3])
    def test_refuses_what_is_no_object(self, raw):
        with pytest.raises(SpecInvalidError, match="no object"):
            read_spec(raw)


class TestOlderForms:
    @pytest.mark.parametrize(("older", "job_type"), [("from_scratch", "PRETRAIN"), ("pretrain", "PRETRAIN")])
    def test_names_the_dataset_by_id_and_settings_by_their_older_names(self, engineer, corpus, older, job_type):
        spec = from_older_form(
            {
                "job_type": older,
                "name": "voc-base",
                "model_family": "llama",
                "datasetId": str(corpus.pk),
                "architecture": ARCHITECTURE,
                "hyperparameters": {"learning_rate": 0.01, "epochs": 3},
            },
            actor=engineer,
        )

        read = read_spec(spec)
        assert read["job_type"] == job_type
        assert read["dataset_ref"] == {"name": "corpus", "version": "1", "type": "pretrain_corpus"}
        assert (read["hyperparams"]["lr"], read["hyperparams"]["num_epochs"]) == (0.01, 3)
        assert read["output"]["artifact_name"] == "voc-base"

    def test_finetune_is_told_from_the_type_of_the_dataset(self, engineer, pairs, base_model):
        older = {
            "job_type": "finetune",
            "name": "voc",
            "dataset_id": str(pairs.pk),
            "base_model_id": str(base_model.pk),
        }

        read = read_spec(from_older_form(older, actor=engineer))

        assert (read["job_type"], read["model_family"]) == ("SFT", "llama")

    def test_distributed_asks_for_several_nodes(self, engineer, corpus):
        older = {"job_type": "distributed", "name": "voc", "model_family": "llama", "dataset_id": str(corpus.pk)}

        read = read_spec(from_older_form(older, actor=engineer))

        assert (read["job_type"], read["resources"]["nodes"]) == ("PRETRAIN", 2)

    @pytest.mark.parametrize("given", ["019a0000-0000-7000-8000-000000000000", "corpus", None])
    def test_refuses_an_id_that_names_nothing(self, engineer, given):
        with pytest.raises(SpecInvalidError) as refused:
            from_older_form({"job_type": "pretrain", "dataset_id": given}, actor=engineer)

        assert "dataset_id" in refused.value.fields

    def test_hides_what_the_actor_may_not_use(self, outsider, corpus):
        with pytest.raises(SpecInvalidError):
            from_older_form({"job_type": "pretrain", "dataset_id": str(corpus.pk)}, actor=outsider)

    def test_is_told_by_its_job_type(self):
        assert is_older_form({"job_type": "finetune"})
        assert is_older_form({"jobType": "distributed"})
        assert not is_older_form({"job_type": "SFT"})
        assert not is_older_form([])
