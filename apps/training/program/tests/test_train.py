import json

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from apps.training.program.device import choose_device, memory_watched
from apps.training.program.errors import DivergedError, JobError, ModelError, NoMemoryError
from apps.training.program.folder import sha256_of

from .conftest import do, pretrain_spec, sft_spec


class TestPretrain:
    def test_leaves_a_model_that_loads_and_its_facts(self, base):
        model = AutoModelForCausalLM.from_pretrained(base / "output")
        tokenizer = AutoTokenizer.from_pretrained(base / "output")

        facts = json.loads((base / "facts.json").read_text())
        assert facts["parameter_count"] == model.num_parameters() == facts["trainable_parameter_count"]
        assert facts["vocab_size"] == len(tokenizer) == model.config.vocab_size
        assert facts["architecture"] == "LlamaForCausalLM"
        assert facts["max_position_embeddings"] == 128
        assert facts["tokens_seen"] == facts["blocks"] * 32 * 2
        assert facts["precision"] == {"asked": "fp32", "ran": "fp32", "remark": ""}

    def test_learns(self, base):
        losses = [
            event["values"]["loss"]
            for event in map(json.loads, (base / "events.jsonl").read_text().splitlines())
            if event["kind"] == "metric" and "loss" in event["values"]
        ]

        assert losses[-1] < losses[0] - 1

    def test_saves_a_model_that_keeps_its_cache(self, base):
        assert json.loads((base / "output/config.json").read_text())["use_cache"] is True

    def test_names_every_file_with_its_digest(self, base):
        files = json.loads((base / "manifest.json").read_text())["files"]

        assert {file["path"] for file in files} == {
            "chat_template.jinja",
            "config.json",
            "generation_config.json",
            "model.safetensors",
            "tokenizer.json",
            "tokenizer_config.json",
        }
        assert all(sha256_of(base / "output" / file["path"]) == file["sha256"] for file in files)

    def test_makes_the_same_bytes_from_the_same_seed(self, base, corpus, tmp_path):
        again = do(pretrain_spec(corpus), tmp_path)

        assert (again.path / "manifest.json").read_text() == (base / "manifest.json").read_text()

    def test_removes_its_checkpoints(self, corpus, tmp_path):
        folder = do(pretrain_spec(corpus, checkpoint_every_s=1e-6), tmp_path)

        assert any(event["kind"] == "checkpoint" for event in folder.events)
        assert not folder.checkpoints.exists()

    def test_builds_every_family_it_names(self, corpus, tmp_path):
        spec = pretrain_spec(corpus, hyperparams={"num_epochs": 1})
        spec["train"]["model_family"] = "mistral"

        assert do(spec, tmp_path).facts["architecture"] == "MistralForCausalLM"

    def test_says_which_precision_ran(self, corpus, tmp_path):
        folder = do(pretrain_spec(corpus, hyperparams={"num_epochs": 1, "precision": "bf16"}), tmp_path)

        precision = folder.facts["precision"]
        assert (precision["asked"], precision["ran"]) == ("bf16", "fp32")
        assert precision["remark"] in [event.get("message") for event in folder.events]


class TestSft:
    def test_learns_to_answer(self, pairs, base, tmp_path):
        folder = do(sft_spec(pairs, base / "output", hyperparams={"num_epochs": 40, "lr": 1e-2}), tmp_path)

        assert folder.facts["train_loss"] < 0.1
        assert folder.facts["eval_loss"] < 0.5

    def test_merges_its_adapter_into_the_weights(self, pairs, base, tmp_path):
        folder = do(sft_spec(pairs, base / "output", method="lora", hyperparams={"num_epochs": 4}), tmp_path)

        merged = AutoModelForCausalLM.from_pretrained(folder.output)
        beside = PeftModel.from_pretrained(
            AutoModelForCausalLM.from_pretrained(base / "output"), folder.output / "adapter"
        )
        ids = torch.tensor([[5, 9, 200, 31]])
        with torch.inference_mode():
            expected, found = beside(ids).logits, merged(ids).logits
            before = AutoModelForCausalLM.from_pretrained(base / "output")(ids).logits
        assert torch.allclose(expected, found, atol=1e-5)
        assert not torch.allclose(before, found, atol=1e-2)
        assert folder.facts["trainable_parameter_count"] < folder.facts["parameter_count"]

    def test_keeps_the_path_of_the_base_to_itself(self, pairs, base, tmp_path):
        folder = do(sft_spec(pairs, base / "output", method="lora", hyperparams={"num_epochs": 1}), tmp_path)

        texts = [path.read_text() for path in folder.output.rglob("*.json")]
        assert not any(str(base) in text for text in texts)

    def test_refuses_a_folder_without_a_model(self, pairs, base, tmp_path):
        empty = tmp_path / "empty"
        empty.mkdir()
        (empty / "config.json").write_text("{}")
        for name in ("tokenizer.json", "tokenizer_config.json"):
            (empty / name).write_bytes((base / "output" / name).read_bytes())

        with pytest.raises(ModelError, match="No causal language model can be read from empty"):
            do(sft_spec(pairs, empty), tmp_path / "job")

    def test_stops_when_the_loss_is_no_number(self, pairs, base, tmp_path):
        broken = tmp_path / "broken"
        broken.mkdir()
        for path in (base / "output").iterdir():
            (broken / path.name).write_bytes(path.read_bytes())
        weights = load_file(broken / "model.safetensors")
        weights["model.norm.weight"][0] = float("nan")
        save_file(weights, broken / "model.safetensors", metadata={"format": "pt"})

        with pytest.raises(DivergedError, match=r"diverged at step 1: .* lower hyperparams.lr \(0.005\)"):
            do(sft_spec(pairs, broken), tmp_path / "job")


class TestChooseDevice:
    @pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
    def test_refuses_a_gpu_that_is_not_there(self):
        with pytest.raises(JobError, match="asks for a GPU and this machine offers none"):
            choose_device(use_gpu=True, precision="fp32")


class TestMemoryWatched:
    def test_names_the_remedy(self):
        with (
            pytest.raises(NoMemoryError, match="ran out of memory; lower the batch"),
            memory_watched("lower the batch"),
        ):
            torch.empty(2**60, dtype=torch.uint8)

    def test_lets_other_errors_pass(self):
        with pytest.raises(RuntimeError, match="shape"), memory_watched("lower the batch"):
            torch.zeros(2).reshape(3)
