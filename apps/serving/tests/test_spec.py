import pytest

from apps.serving.errors import SpecInvalidError
from apps.serving.spec import memory_bytes, parse_spec


class TestParseSpec:
    def test_fills_in_every_default(self):
        spec = parse_spec({"model_ref": "voc:1"})

        assert spec["resources"] == {"gpus": 0, "gpu_memory_gb": 0, "cpu": 1.0, "memory": "2Gi"}
        assert spec["runtime"]["max_concurrent_requests"] == 8
        assert spec["rollout"]["strategy"] == "blue-green"
        assert (spec["use_gpu"], spec["runtime_image"], spec["scaling"]["max_replicas"]) == (False, None, 1)

    def test_reads_what_it_wrote(self):
        spec = parse_spec({"model_ref": "voc:1", "rollout": {"traffic_split": {"old": 10, "new": 90}}})

        assert parse_spec(spec) == spec

    def test_accepts_the_camel_case_of_older_callers(self):
        spec = parse_spec({"modelRef": "voc:1", "useGpu": True, "runtime": {"maxInputTokens": 5}})

        assert (spec["model_ref"], spec["use_gpu"], spec["runtime"]["max_input_tokens"]) == ("voc:1", True, 5)

    def test_names_every_field_that_is_malformed_or_unknown(self):
        with pytest.raises(SpecInvalidError) as refused:
            parse_spec({"resources": {"memory": "lots"}, "runtime": {"max_input_tokens": 0}, "modle_family": "llama"})

        assert set(refused.value.fields) == {"modle_family"}
        with pytest.raises(SpecInvalidError) as refused:
            parse_spec({"resources": {"memory": "lots"}, "runtime": {"max_input_tokens": 0}, "serve_target": "SONG"})
        assert set(refused.value.fields) == {
            "model_ref",
            "resources.memory",
            "runtime.max_input_tokens",
            "serve_target",
        }


class TestMemoryBytes:
    def test_reads_binary_units(self):
        assert [memory_bytes(text) for text in ("1Mi", "2Gi", "1Ti")] == [2**20, 2**31, 2**40]
