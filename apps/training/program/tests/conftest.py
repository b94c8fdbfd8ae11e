import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from apps.training.program.folder import JobFolder, sha256_of
from apps.training.program.spec import TrainSpec
from apps.training.program.train import train

REPOSITORY = Path(__file__).resolve().parents[4]

TEXTS = [
    "The washing machine stops in the middle of the cycle and shows an error.",
    "주문한 냉장고가 아직 도착하지 않았어요. 언제 오나요?",
    "I would like my money back for the broken kettle.",
    "환불은 보통 사흘 안에 처리됩니다. 카드사에 따라 다를 수 있어요.",
    "Where can I enter the coupon code I received by mail?",
    "세탁기 문이 열리지 않아요. 어떻게 해야 하나요?",
] * 8
PAIRS = [
    ("The kettle is broken.", "product_defect / quality"),
    ("환불해 주세요.", "refund_request / billing"),
    ("Where is my parcel?", "delivery_delay / logistics"),
    ("쿠폰 코드는 어디에 입력하나요?", "coupon_question / marketing"),
] * 6

HYPERPARAMS = {"lr": 5e-3, "batch_size": 4, "num_epochs": 2, "max_seq_len": 32}
ARCHITECTURE = {
    "hidden_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "vocab_size": 400,
    "max_position_embeddings": 128,
}


def write_lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def dataset_file(path: Path, kind: str = "jsonl") -> dict[str, str]:
    return {"path": str(path), "sha256": sha256_of(path), "format": kind}


@pytest.fixture(scope="session")
def corpus(tmp_path_factory) -> Path:
    return write_lines(tmp_path_factory.mktemp("data") / "corpus.jsonl", [{"text": text} for text in TEXTS])


@pytest.fixture(scope="session")
def pairs(tmp_path_factory) -> Path:
    rows = [{"prompt": prompt, "response": response} for prompt, response in PAIRS]
    return write_lines(tmp_path_factory.mktemp("data") / "pairs.jsonl", rows)


def pretrain_spec(corpus: Path, *, hyperparams: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    return {
        "job_id": "job-1",
        "name": "tiny",
        "command": "train",
        "seed": 7,
        "dataset_files": [dataset_file(corpus)],
        "train": {
            "job_type": "PRETRAIN",
            "model_family": "llama",
            "hyperparams": {**HYPERPARAMS, **(hyperparams or {})},
            "architecture": ARCHITECTURE,
        },
        **changes,
    }


def sft_spec(
    pairs: Path, base: Path, *, method: str = "full", hyperparams: dict[str, Any] | None = None, **changes: Any
) -> dict[str, Any]:
    return {
        "job_id": "job-2",
        "name": "tuned",
        "command": "train",
        "seed": 7,
        "dataset_files": [dataset_file(pairs)],
        "base_model_dir": str(base),
        "train": {
            "job_type": "SFT",
            "model_family": "llama",
            "method": method,
            "hyperparams": {**HYPERPARAMS, "max_seq_len": 80, **(hyperparams or {})},
        },
        **changes,
    }


def do(spec: dict[str, Any], path: Path) -> JobFolder:
    """Run a training job in this process and return its folder."""
    path.mkdir(exist_ok=True)
    folder = JobFolder(path)
    train(TrainSpec.model_validate(spec), folder)
    return folder


@pytest.fixture(scope="session")
def base(corpus, tmp_path_factory) -> Path:
    """A tiny model from scratch; its files lie in `output` of the returned job folder."""
    return do(pretrain_spec(corpus), tmp_path_factory.mktemp("base")).path


class Process:
    """The program as it is started for real: detached, in the job's folder, with its output in a file."""

    def __init__(self, path: Path, spec: dict[str, Any] | str) -> None:
        self.path = path
        path.mkdir(exist_ok=True)
        (path / "spec.json").write_text(spec if isinstance(spec, str) else json.dumps(spec))
        with (path / "log").open("a") as log:
            self.popen = subprocess.Popen(
                [sys.executable, "-m", "apps.training.program", "run", "spec.json"],
                cwd=path,
                env={**os.environ, "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def events(self) -> list[dict[str, Any]]:
        """Return the events that are there now."""
        path = self.path / "events.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def result(self) -> dict[str, Any]:
        return json.loads((self.path / "result.json").read_text())
