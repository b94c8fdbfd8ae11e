"""The native forms of a job; the program's own is read by the program's own reader."""

import json
from pathlib import Path

from apps.training import native, services
from apps.training.program.spec import read_spec
from apps.training.tests.factories import sft_spec


class TestProgramSpec:
    def test_is_one_that_the_program_reads(self, engineer, team, pairs, base_model, tmp_path):
        more = {"hyperparams": {"lora": {"rank": 4}, "warmup_ratio": 0.1, "weight_decay": 0.0}}
        spec = sft_spec(pairs, base_model)
        spec["hyperparams"] = spec["hyperparams"] | more["hyperparams"]
        job = services.submit_job(actor=engineer, team=team, spec=spec)
        (tmp_path / "spec.json").write_text(json.dumps(native.program_spec(job)))

        read = read_spec(tmp_path / "spec.json")

        assert read.job_id == str(job.pk)
        assert read.base_model_dir == Path("inputs/base")
        assert [(str(file.path), file.sha256) for file in read.dataset_files] == [
            ("inputs/dataset.jsonl", pairs.sha256)
        ]
        assert read.train.hyperparams.lora.rank == 4

    def test_of_a_pretraining_has_no_base(self, queued):
        spec = native.program_spec(queued)

        assert spec["base_model_dir"] is None
        assert spec["train"]["architecture"]["hidden_size"] == 64


class TestMlflowForm:
    def test_names_experiment_run_tags_and_flat_parameters(self, queued):
        form = native.mlflow_form(queued)

        assert (form["experiment"], form["run_name"]) == ("voc/voc-base", f"job-{queued.pk}")
        assert form["tags"]["llmops.job_id"] == str(queued.pk)
        assert form["params"]["hyperparams.lr"] == "0.001"
        assert "base_model_ref" not in form["params"]


class TestLocalForm:
    def test_is_the_command_that_is_run(self, queued, settings):
        settings.TRAIN_PYTHON = "/env/bin/python"

        form = native.local_form(queued)

        assert form["argv"][0] == "/env/bin/python"
        assert form["argv"][-2:] == ["run", "spec.json"]
        assert form["image"] == "llmops/train:1-cpu"


class TestFlat:
    def test_joins_names_by_dots_and_leaves_out_what_is_null(self):
        assert native.flat({"a": {"b": 1, "c": None}, "d": True}) == {"a.b": "1", "d": "True"}
