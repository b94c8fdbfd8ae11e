"""The promises of `ServingBackend` as tests; they run against every backend."""

import contextlib
import hashlib
import json
import os
import shutil
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from apps.serving.backends.base import Deployment, ServerFile, ServerState, ServingBackend, Sighting

TIMEOUT_S = 90


def deployment_of(folder: Path, name: str = "server-1") -> Deployment:
    files = [
        ServerFile(path=path.name, size_bytes=path.stat().st_size, sha256=hashlib.sha256(path.read_bytes()).hexdigest())
        for path in sorted(folder.iterdir())
    ]
    return Deployment(
        name=name,
        model_name="voc",
        files=tuple(files),
        runtime={"max_concurrent_requests": 2, "max_input_tokens": None, "max_output_tokens": 8},
        resources={"gpus": 0, "gpu_memory_gb": 0, "cpu": 1.0, "memory": "1Gi"},
        image="llmops/serve:1-cpu",
    )


def until(backend: ServingBackend, name: str, state: ServerState) -> Sighting:
    deadline = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline:
        seen = backend.observe(name)
        if seen.state == state:
            return seen
        assert seen.state != ServerState.ENDED, f"{seen.reason}\n{seen.log_tail}"
        time.sleep(0.05)
    raise AssertionError(f"{name} is {seen.state}: {seen.reason}\n{backend.log_tail(name, 50)}")


def ask(address: str, model: str) -> dict[str, Any]:
    body = {"model": model, "messages": [{"role": "user", "content": "Where is my refund?"}]}
    request = urllib.request.Request(f"{address}/v1/chat/completions", json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


class ServingBackendContract:
    """Subclasses give the fixtures `backend`, `model_folder` (a model that can be served) and `kill` (by SIGKILL)."""

    @pytest.fixture
    def deployment(self, model_folder: Path) -> Deployment:
        return deployment_of(model_folder)

    @pytest.fixture
    def lay_files(self, model_folder: Path) -> Callable[[Path], None]:
        return lambda folder: shutil.copytree(model_folder, folder, dirs_exist_ok=True)

    def test_knows_nothing_of_a_name_that_was_never_deployed(self, backend):
        assert backend.observe("server-0").state == ServerState.ABSENT
        assert backend.log_tail("server-0", 5) == ""

    def test_serves_what_is_deployed_under_its_name(self, backend, deployment, lay_files):
        backend.deploy(deployment, lay_files)

        seen = until(backend, deployment.name, ServerState.READY)
        answer = ask(seen.address, "voc")
        assert answer["choices"][0]["message"]["role"] == "assistant"
        assert answer["usage"]["total_tokens"] > 0
        with pytest.raises(urllib.error.HTTPError, match="404"):
            ask(seen.address, "another")

    def test_starts_one_server_however_often_it_is_asked(self, backend, deployment, lay_files):
        backend.deploy(deployment, lay_files)
        first = until(backend, deployment.name, ServerState.READY)

        backend.deploy(deployment, lay_files)

        assert backend.observe(deployment.name) == first

    def test_loads_nothing_but_the_files_that_were_asked_for(self, backend, deployment, lay_files):
        forged = (replace(deployment.files[0], sha256="0" * 64), *deployment.files[1:])
        backend.deploy(replace(deployment, files=forged), lay_files)

        with pytest.raises(AssertionError, match="is not the one that was approved"):
            until(backend, deployment.name, ServerState.READY)
        seen = backend.observe(deployment.name)
        assert (seen.state, seen.has_failed, seen.is_hopeless) == (ServerState.ENDED, True, True)

    def test_ends_a_server_without_calling_it_a_failure(self, backend, deployment, lay_files):
        backend.deploy(deployment, lay_files)
        until(backend, deployment.name, ServerState.READY)

        backend.remove(deployment.name)
        backend.remove(deployment.name)

        seen = _ended(backend, deployment.name)
        assert (seen.has_failed, seen.is_hopeless) == (False, False)

    def test_never_starts_what_was_removed_before(self, backend, deployment, lay_files):
        backend.remove(deployment.name)

        backend.deploy(deployment, lay_files)

        assert backend.observe(deployment.name).state == ServerState.ENDED

    def test_tells_a_killed_server_from_a_refused_one(self, backend, deployment, lay_files, kill):
        backend.deploy(deployment, lay_files)
        until(backend, deployment.name, ServerState.READY)

        kill(deployment.name)

        seen = _ended(backend, deployment.name)
        assert (seen.has_failed, seen.is_hopeless) == (True, False)
        assert "memory" in seen.reason

    def test_forgets_without_a_trace(self, backend, deployment, lay_files):
        backend.deploy(deployment, lay_files)
        until(backend, deployment.name, ServerState.READY)
        backend.remove(deployment.name)
        _ended(backend, deployment.name)

        backend.forget(deployment.name)
        backend.forget(deployment.name)

        assert backend.observe(deployment.name).state == ServerState.ABSENT

    def test_shows_its_native_form_as_json_and_starts_nothing(self, backend, deployment):
        assert json.loads(json.dumps(backend.render(deployment)))
        assert backend.observe(deployment.name).state == ServerState.ABSENT


def _ended(backend: ServingBackend, name: str) -> Sighting:
    deadline = time.monotonic() + TIMEOUT_S
    while (seen := backend.observe(name)).state != ServerState.ENDED:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return seen


def kill_process(records: Path, name: str) -> None:
    """Kill a local server by the record that its supervisor would read."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(json.loads((records / name / "pid").read_text())["pgid"], signal.SIGKILL)
