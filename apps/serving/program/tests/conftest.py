import hashlib
import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

REPOSITORY = Path(__file__).resolve().parents[4]
TEXTS = ["주문한 냉장고가 아직 도착하지 않았어요.", "The kettle is broken, I want my money back.", "환불해 주세요!"]
TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}{{ eos_token }}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
CONTEXT = 128


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def manifest_of(folder: Path) -> dict[str, Any]:
    files = [
        {"path": path.name, "size_bytes": path.stat().st_size, "sha256": digest(path)}
        for path in sorted(folder.iterdir())
    ]
    return {"files": files}


def write_model(folder: Path, *, seed: int = 0) -> Path:
    """Write a tiny model that knows nothing and says it the same way each time."""
    core = Tokenizer(models.BPE())
    core.pre_tokenizer, core.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    special = ["<|end|>", "<|user|>", "<|assistant|>", "<|system|>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    core.train_from_iterator(
        TEXTS,
        trainers.BpeTrainer(vocab_size=320, special_tokens=special, initial_alphabet=alphabet, show_progress=False),
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=core,
        eos_token="<|end|>",
        pad_token="<|end|>",
        additional_special_tokens=special[1:],
        chat_template=TEMPLATE,
    )
    torch.manual_seed(seed)
    model = LlamaForCausalLM(
        LlamaConfig(
            hidden_size=32,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=64,
            vocab_size=len(tokenizer),
            max_position_embeddings=CONTEXT,
            eos_token_id=0,
            initializer_range=0.5,
        )
    )
    model.generation_config = GenerationConfig(eos_token_id=0, pad_token_id=0)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def model_dir(tmp_path_factory) -> Path:
    return write_model(tmp_path_factory.mktemp("model"))


class Server:
    """The server as it is started for real."""

    def __init__(self, folder: Path, model_dir: Path, **changes: Any) -> None:
        self.folder = folder
        spec = {"model_name": "tiny", "model_dir": str(model_dir), "manifest": manifest_of(model_dir), "port": 0}
        (folder / "spec.json").write_text(json.dumps({**spec, **changes}))
        with (folder / "log").open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "apps.serving.program", "serve", "spec.json"],
                cwd=folder,
                env={**os.environ, "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"},
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    @property
    def port(self) -> int:
        """The port it listens on; waits until it does."""
        wait_for(lambda: "listening on" in self.log or self.process.poll() is not None)
        return int(self.log.split("http://127.0.0.1:")[1].split()[0])

    def result(self) -> dict[str, Any]:
        return json.loads((self.folder / "result.json").read_text())

    def call(self, method: str, path: str, body: object = None) -> tuple[int, Any, http.client.HTTPResponse]:
        """Return status, body (JSON decoded) and response."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, body if isinstance(body, str | None) else json.dumps(body))
        response = connection.getresponse()
        content = response.read()
        connection.close()
        return response.status, json.loads(content), response

    def chat(self, **body: Any) -> tuple[int, Any, http.client.HTTPResponse]:
        return self.call("POST", "/v1/chat/completions", chat_body(**body))

    def events(self, **body: Any) -> list[str]:
        """Return the data of each event of a streamed answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("POST", "/v1/chat/completions", json.dumps(chat_body(stream=True, **body)))
        lines = connection.getresponse().read().decode().split("\n\n")
        connection.close()
        return [line.removeprefix("data: ") for line in lines if line]

    def is_ready(self) -> bool:
        return self.call("GET", "/health")[0] == 200

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


def chat_body(**changes: Any) -> dict[str, Any]:
    return {"model": "tiny", "messages": [{"role": "user", "content": TEXTS[2]}], **changes}


def wait_for(condition, timeout_s: float = 180) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


@pytest.fixture(scope="session")
def server(model_dir, tmp_path_factory) -> Iterator[Server]:
    """A server that answers two at a time, and lets nobody wait."""
    runtime = {"max_concurrent_requests": 2, "max_waiting_requests": 0, "max_output_tokens": 64, "max_input_tokens": 60}
    server = Server(tmp_path_factory.mktemp("server"), model_dir, runtime=runtime)
    wait_for(server.is_ready)
    yield server
    server.end()
