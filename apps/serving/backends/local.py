"""Model servers as detached processes of this machine, on loopback ports."""

import http.client
import json
import re
import signal
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from apps.core.errors import UnavailableError
from apps.integrations.orchestration.base import Observation, ProcessHost, ProcessSpec, ProcessState
from apps.integrations.program.folder import read_record
from apps.serving.backends.base import Deployment, ServerState, Sighting

SPEC, RESULT, MODEL_FOLDER = "spec.json", "result.json", "model"
_LISTENING = re.compile(rb"^listening on http://[^:/]+:(\d+)$", re.MULTILINE)

PROBE_TIMEOUT_S = 3.0
DRAIN_S = 30.0
LOG_LINES = 60
HOPELESS = frozenset({"SpecError", "VerificationError", "ModelError"})  # what the program would refuse again


class ServersCannotRunError(UnavailableError):
    code = "serving.servers_cannot_run"
    message = "No model server can be started: {why}"


class LocalBackend:
    """A `ServingBackend` over a `ProcessHost`.

    Args:
        command: starts the server program; "serve" and the name of its specification follow.
        environment: further variables of that process.
        trouble: says why the program cannot be started at the moment; "" when it can.
    """

    offers_gpus = False
    max_replicas = 1
    strategies = frozenset({"blue-green"})

    def __init__(
        self,
        host: ProcessHost,
        *,
        command: tuple[str, ...],
        environment: Mapping[str, str],
        trouble: Callable[[], str],
    ) -> None:
        self.host, self.command, self.environment, self.trouble = host, command, environment, trouble

    def deploy(self, deployment: Deployment, lay_files: Callable[[Path], None]) -> None:
        if self.host.observe(deployment.name).state != ProcessState.ABSENT:
            return
        if why := self.trouble():
            raise ServersCannotRunError(why=why)
        lay_files(self.host.folder(deployment.name) / MODEL_FOLDER)
        self.host.launch(self._process(deployment))

    def observe(self, name: str) -> Sighting:
        seen = self.host.observe(name)
        if seen.state == ProcessState.ABSENT:
            return Sighting(state=ServerState.ABSENT)
        if seen.state == ProcessState.EXITED:
            return self._ended(name, seen)
        if seen.state == ProcessState.STARTING:
            return Sighting(state=ServerState.STARTING)
        port = self._port(name)
        return _probed(port) if port else Sighting(state=ServerState.STARTING)

    def remove(self, name: str) -> None:
        self.host.stop(name, grace_s=DRAIN_S)

    def forget(self, name: str) -> None:
        self.host.forget(name)

    def log_tail(self, name: str, lines: int) -> str:
        return self.host.log_tail(name, lines)

    def render(self, deployment: Deployment) -> dict[str, Any]:
        process = self._process(deployment)
        return {
            "argv": list(process.argv),
            "env": dict(process.env),
            "files": {path: json.loads(content) for path, content in process.files.items()},
        }

    def _process(self, deployment: Deployment) -> ProcessSpec:
        spec = {
            "model_name": deployment.model_name,
            "model_dir": MODEL_FOLDER,
            "manifest": {"files": [asdict(file) for file in deployment.files]},
            "host": "127.0.0.1",
            "port": 0,  # any free one: a port chosen here could be taken before the server binds it
            "runtime": dict(deployment.runtime),
            "use_gpu": False,
        }
        threads = str(max(1, round(deployment.resources["cpu"])))
        return ProcessSpec(
            name=deployment.name,
            argv=(*self.command, "serve", SPEC),
            env={**self.environment, "OMP_NUM_THREADS": threads},
            files={SPEC: json.dumps(spec, indent=1).encode()},
        )

    def _port(self, name: str) -> int | None:
        """Return the port that the server has bound, as it says itself; None before it has."""
        printed, _ = self.host.log_from(name, 0)
        found = _LISTENING.search(printed)
        return int(found.group(1)) if found else None

    def _ended(self, name: str, seen: Observation) -> Sighting:
        result = self._result(name)
        return Sighting(
            state=ServerState.ENDED,
            reason=_why_ended(seen, str(result.get("reason", ""))),
            has_failed=not seen.vanished and seen.signal != signal.SIGTERM,
            is_hopeless=result.get("error_type") in HOPELESS,
            log_tail=self.host.log_tail(name, LOG_LINES),
        )

    def _result(self, name: str) -> dict[str, Any]:
        """Return what the program wrote down when it gave up; empty when it did not."""
        return read_record(self.host.folder(name), RESULT) or {}


def _why_ended(seen: Observation, said: str) -> str:
    if said:
        return said
    if seen.error:
        return f"The server could not be started: {seen.error}"
    if seen.vanished:
        return "The server is gone without a trace: the machine or the portal was stopped."
    if seen.signal == signal.SIGKILL:
        return "The server was killed (signal 9), which often means that memory ran out."
    if seen.signal:
        return f"The server was ended by signal {seen.signal}."
    return f"The server ended with exit code {seen.exit_code}."


def _probed(port: int) -> Sighting:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PROBE_TIMEOUT_S)
    try:
        connection.request("GET", "/health")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return Sighting(state=ServerState.UNREACHABLE, reason=f"The server does not answer its probe: {error}.")
    finally:
        connection.close()
    if status != http.client.OK:
        return Sighting(state=ServerState.STARTING, reason=f"The server's probe answers {status}: it is not ready.")
    return Sighting(state=ServerState.READY, address=f"http://127.0.0.1:{port}")
