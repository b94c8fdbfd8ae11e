import json

import pytest

from apps.training.program.errors import SpecError
from apps.training.program.spec import read_spec

from .conftest import pretrain_spec


def written(path, spec):
    path.write_text(spec if isinstance(spec, str) else json.dumps(spec))
    return path


class TestReadSpec:
    def test_takes_what_the_portal_adds_for_itself(self, corpus, tmp_path):
        spec = pretrain_spec(corpus, owner_team="vision")
        spec["train"]["resources"] = {"gpus": 0}

        read = read_spec(written(tmp_path / "spec.json", spec))

        assert read.train.hyperparams.batch_size == 4

    def test_refuses_a_misspelt_hyperparameter_by_name(self, corpus, tmp_path):
        spec = pretrain_spec(corpus, hyperparams={"leraning_rate": 1e-3})

        with pytest.raises(SpecError, match=r"train\.hyperparams\.leraning_rate"):
            read_spec(written(tmp_path / "spec.json", spec))

    def test_names_every_wrong_field_at_once(self, corpus, tmp_path):
        spec = pretrain_spec(corpus, hyperparams={"lr": 0, "batch_size": 0})

        with pytest.raises(SpecError, match=r"hyperparams\.lr.*hyperparams\.batch_size"):
            read_spec(written(tmp_path / "spec.json", spec))

    def test_refuses_heads_that_do_not_divide_the_width(self, corpus, tmp_path):
        spec = pretrain_spec(corpus)
        spec["train"]["architecture"] = {**spec["train"]["architecture"], "num_attention_heads": 3}

        with pytest.raises(SpecError, match="hidden_size 32 must be a multiple of twice num_attention_heads 3"):
            read_spec(written(tmp_path / "spec.json", spec))

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("{", "not valid"),
            ('{"command": "dance"}', "'dance'"),
            ('{"command": "train", "job_id": "a b", "name": "x"}', "job_id"),
        ],
    )
    def test_refuses_what_is_no_specification(self, tmp_path, text, reason):
        with pytest.raises(SpecError, match=reason):
            read_spec(written(tmp_path / "spec.json", text))

    def test_says_when_there_is_none(self, tmp_path):
        with pytest.raises(SpecError, match=r"spec\.json cannot be read: No such file"):
            read_spec(tmp_path / "spec.json")
