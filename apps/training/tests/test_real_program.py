"""The real training program through the reconciler: a tiny model from scratch, then tuned. No fake stands anywhere."""

from pathlib import Path

import pytest
from django.conf import settings as django_settings

from apps.catalog.services import approve_model_version, submit_model
from apps.integrations.program.starting import environment_trouble
from apps.training import services
from apps.training.states import JobStatus
from apps.training.tests import factories

pytestmark = [pytest.mark.train, pytest.mark.slow]

PATIENCE_S = 240


@pytest.fixture
def real_program(settings, tmp_path, monkeypatch):
    settings.WORK_DIR, settings.DETACHED_DIR = tmp_path / "work", tmp_path / "detached"
    settings.TRAIN_PYTHON = str(Path(django_settings.BASE_DIR) / ".venv" / "train" / "bin" / "python")
    monkeypatch.setattr(factories, "PATIENCE_S", PATIENCE_S)
    if trouble := environment_trouble():
        pytest.skip(trouble)


@pytest.mark.usefixtures("real_program")
def test_a_model_is_pretrained_and_tuned(engineer, approver, team, corpus, pairs):
    spec = factories.pretrain_spec(corpus, hyperparams=factories.HYPERPARAMS | {"max_seq_len": 16})
    pretraining = services.submit_job(actor=engineer, team=team, spec=spec)
    factories.look_until(pretraining, JobStatus.SUCCEEDED)
    base = submit_model(actor=engineer, model=pretraining.output_model, reason="Ready")
    base = approve_model_version(actor=approver, model=base, version=base.version, comment="Good")

    tuning = services.submit_job(actor=engineer, team=team, spec=factories.sft_spec(pairs, base))
    factories.look_until(tuning, JobStatus.SUCCEEDED)

    model = tuning.output_model
    assert model.facts["max_position_embeddings"] == factories.ARCHITECTURE["max_position_embeddings"]
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= set(model.files.values_list("path", flat=True))
    assert tuning.facts["method"] == "lora"
    assert tuning.metrics.filter(name="loss").exists()
