"""How fast the gateway passes chat calls on, beside the same calls made to the model server directly.

Three processes, so that none waits for another's interpreter: the model server (answers at once), the gateway with
everything on that a call meets (key, budget, limits, record), and this one, which calls over 32 connections. The
snapshot is made by hand: what a call costs does not depend on how it came about, for no call asks a database.
"""

import asyncio
import contextlib
import multiprocessing
import os
import socket
import tempfile
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnContext
from pathlib import Path
from typing import Any

import httptools
import orjson

from llmops_portal.bench.figures import Figure

CONNECTIONS, WARM_UP_CALLS, CALLS, ROUNDS = 32, 500, 3000, 3
READY_WITHIN_S = 60
BODY = orjson.dumps({"model": "assistant", "messages": [{"role": "user", "content": "Where is my refund?"}]})


def measure() -> list[Figure]:
    """Return calls per second through the gateway and its CPU time per call, each beside the direct way."""
    with (
        tempfile.TemporaryDirectory() as folder,
        _process(serve_model) as (model_port, _, _),
        _process(serve_gateway, model_port, folder) as (port, token, pid),
    ):
        asyncio.run(_load(port, token, WARM_UP_CALLS))
        direct, passed, cpu_us = [], [], []
        for _ in range(ROUNDS):
            direct.append(asyncio.run(_load(model_port, "", CALLS)))
            before = _cpu_s(pid)
            passed.append(asyncio.run(_load(port, token, CALLS)))
            cpu_us.append((_cpu_s(pid) - before) / CALLS * 1e6)
    best = max(direct)
    return [
        Figure(name="gateway_chat_per_s", value=max(passed), baseline_name="direct, per s", baseline=best),
        Figure(name="gateway_cpu_us", value=min(cpu_us), baseline_name="one direct call, us", baseline=1e6 / best),
    ]


def serve_model(ready: Connection) -> None:
    """Be a model server that answers every chat at once with the same 27 tokens."""
    message = {"role": "assistant", "content": "Your refund is on its way."}
    body = orjson.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1_700_000_000,
            "model": "assistant",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 21, "completion_tokens": 6, "total_tokens": 27},
        }
    )
    answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)

    class Answering(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what a TCP server gives
            self.transport = transport
            self.parser = httptools.HttpRequestParser(self)

        def data_received(self, data: bytes) -> None:
            self.parser.feed_data(data)

        def on_message_complete(self) -> None:
            self.transport.write(answer)

    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", 0)
        ready.send((server.sockets[0].getsockname()[1], "", os.getpid()))
        await server.serve_forever()

    asyncio.run(serve())


def serve_gateway(ready: Connection, model_port: int, folder: str) -> None:
    """Be the gateway, with one route to the model server and one key whose team has a budget."""
    import uvicorn  # noqa: PLC0415
    from django.conf import settings  # noqa: PLC0415

    from apps.gateway.conf import GatewaySettings  # noqa: PLC0415
    from apps.gateway.front.application import GatewayApplication  # noqa: PLC0415
    from apps.gateway.management.commands.gateway import server_config  # noqa: PLC0415
    from apps.gateway.tests.factories import World, caller, route  # noqa: PLC0415

    settings.SPOOL_DIR = Path(folder) / "spool"
    world = World().add(route(address=f"http://127.0.0.1:{model_port}")).budget("1000000")
    token = world.key_of(caller())
    configured = GatewaySettings(url="http://127.0.0.1:9")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        app = GatewayApplication(configured, load=world.snapshot)
        server = uvicorn.Server(server_config(app, configured, host="127.0.0.1", port=0))

        async def serve() -> None:
            serving = asyncio.create_task(server.serve(sockets=[listening]))
            while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
                await asyncio.sleep(0.01)
            ready.send((listening.getsockname()[1], token, os.getpid()))
            await serving

        asyncio.run(serve())


@contextlib.contextmanager
def _process(serve: Any, *arguments: object) -> Iterator[tuple[int, str, int]]:
    """Run a server in a process of its own; gives its port, a key for it, and its process id."""
    context: SpawnContext = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=serve, args=(there, *arguments), daemon=True)
    process.start()
    try:
        if not here.poll(READY_WITHIN_S):
            raise TimeoutError(f"{serve.__name__} is not ready after {READY_WITHIN_S} s")
        yield here.recv()
    finally:
        process.terminate()
        process.join()


async def _load(port: int, token: str, calls: int) -> float:
    """Make `calls` chat calls over all connections; return calls per second.

    Raises:
        ValueError: one was not answered with 200.
    """
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\n"
    request = f"{head}content-type: application/json\r\ncontent-length: {len(BODY)}\r\n\r\n".encode() + BODY
    left = iter(range(calls))
    began = time.perf_counter()
    await asyncio.gather(*(_caller(port, request, left) for _ in range(CONNECTIONS)))
    return calls / (time.perf_counter() - began)


async def _caller(port: int, request: bytes, left: Iterator[int]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in left:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise ValueError(f"answered {head.splitlines()[0]!r}")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.partition(b":")[2]))
    writer.close()
    await writer.wait_closed()


def _cpu_s(pid: int) -> float:
    """Return the CPU time of a process so far, user and system, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
