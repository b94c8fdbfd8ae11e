"""What the portal needs of a place where model servers run, in its own words.

A server bears a name that is derived from its row, and no name is used twice. Whatever is called twice, at once, late,
or by a worker that is killed between any two lines: there is at most one server of a name, ever.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFile:
    """One file of the model: where it belongs below the model's folder, and its bytes by size and SHA-256 in hex."""

    path: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """One server to be run.

    Attributes:
        name: DNS-1123 label: lower case, digits and '-', at most 63 characters.
        model_name: what the server calls its model; a request for another name is refused by it.
        files: every file of the model. The server loads nothing unless all of them have these digests.
        runtime: max_concurrent_requests, max_input_tokens, max_output_tokens; the last two may be None.
        resources: gpus, gpu_memory_gb, cpu (cores), memory (such as "2Gi").
        image: the container image, where containers are run.
    """

    name: str
    model_name: str
    files: Sequence[ServerFile]
    runtime: Mapping[str, Any]
    resources: Mapping[str, Any]
    image: str


class ServerState(StrEnum):
    ABSENT = "absent"  # never deployed, or the attempt came to nothing: deploy it
    STARTING = "starting"
    READY = "ready"  # answers, and is the server that was asked for
    UNREACHABLE = "unreachable"  # was ready; runs, but does not answer its probe
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What is seen of a server.

    Attributes:
        address: base URL under which `/v1/chat/completions` stands; empty unless it is or was ready.
        reason: why it ended or does not answer, in one sentence for a person.
        has_failed: of one that ended: by itself or for lack of memory, and not because the whole machine was stopped.
        is_hopeless: it ended in a way in which the same deployment would end again, such as damaged files.
        log_tail: its last lines, once it has ended.
    """

    state: ServerState
    address: str = ""
    reason: str = ""
    has_failed: bool = False
    is_hopeless: bool = False
    log_tail: str = ""


class ServingBackend(Protocol):
    """Where model servers run.

    Raises `UnavailableError` of its own where trying later may help, and nothing of its system's own.

    Attributes:
        offers_gpus: whether a deployment may ask for GPUs.
        max_replicas: how many replicas one deployment may have.
        strategies: how it can roll out.
    """

    offers_gpus: bool
    max_replicas: int
    strategies: frozenset[str]

    def deploy(self, deployment: Deployment, lay_files: Callable[[Path], None]) -> None:
        """Start the server; do nothing if one of that name was ever started.

        Args:
            lay_files: puts the model's files below a folder, verified; called where the backend needs them at hand.
        """

    def observe(self, name: str) -> Sighting:
        """Return what is seen of the server now; takes a few seconds at most."""

    def remove(self, name: str) -> None:
        """Have the server end, giving what it is answering some time. Returns at once; look with `observe`.

        A name that was never deployed can no longer be. Call it again as often as you like.
        """

    def forget(self, name: str) -> None:
        """Remove what an ended server left behind. Does nothing for one that is gone already."""

    def log_tail(self, name: str, lines: int) -> str:
        """Return its last lines; "" when there are none."""

    def render(self, deployment: Deployment) -> dict[str, Any]:
        """Return the native form that the deployment turns into, as JSON; starts nothing."""
