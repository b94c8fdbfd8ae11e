"""The server's life: listen, verify, load, serve."""

import asyncio
import errno
import resource
import socket
import time
from typing import TYPE_CHECKING

import uvicorn

from apps.serving.program.api import Api
from apps.serving.program.desk import Desk
from apps.serving.program.errors import PortTakenError, SpecError
from apps.serving.program.spec import Spec
from apps.serving.program.verification import verify

if TYPE_CHECKING:
    from apps.serving.program.engine import Engine

_BACKLOG = 128
# For answers under way when the server is told to stop.
_GRACE_S = 5


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens there.

    Raises:
        PortTakenError: somebody else does.
        SpecError: this machine has no such address, or the port needs more rights.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        # At once: two sockets may be bound to one port as long as neither listens.
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTakenError(f"Port {port} on {host} is taken by another process; choose another one.") from error
        raise SpecError(f"The server cannot listen on {host}, port {port}: {error.strerror}.") from error
    return listener


async def serve(spec: Spec, listener: socket.socket) -> None:
    """Serve until SIGTERM. /health answers 503 from the first moment, and 200 once the model is there.

    Raises:
        VerificationError, ModelError: the model is not served; see there.
    """
    desk = Desk(spec.runtime)
    config = uvicorn.Config(
        Api(spec.model_name, desk).app(), log_level="warning", access_log=False, timeout_graceful_shutdown=_GRACE_S
    )
    server = uvicorn.Server(config)
    loading = asyncio.create_task(asyncio.to_thread(load, spec))

    def loaded(task: asyncio.Task["Engine"]) -> None:
        if task.exception() is None:
            desk.engine = task.result()
        else:
            server.should_exit = True

    loading.add_done_callback(loaded)
    host, port = listener.getsockname()
    print(f"listening on http://{host}:{port}", flush=True)
    await server.serve(sockets=[listener])
    await loading


def load(spec: Spec) -> "Engine":
    """Return the model of `spec`, verified and in memory.

    Raises:
        VerificationError, ModelError: see there.
    """
    started = time.monotonic()
    verify(spec.model_dir, spec.manifest)
    print(f"verified {len(spec.manifest.files)} files in {time.monotonic() - started:.1f} s", flush=True)
    # It takes torch seconds to load, in which /health answers already, and files that are refused never need it.
    from apps.serving.program.engine import Engine  # noqa: PLC0415

    engine = Engine.load(spec.model_dir, spec.runtime, use_gpu=spec.use_gpu)
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"serving {spec.model_name} after {time.monotonic() - started:.1f} s, {peak_mib} MiB", flush=True)
    return engine
