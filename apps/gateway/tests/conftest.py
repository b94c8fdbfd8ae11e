"""A gateway that really listens, between a client that really calls and a model server that really answers."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
import uvicorn

from apps.gateway.conf import GatewaySettings
from apps.gateway.front.application import GatewayApplication
from apps.gateway.management.commands.gateway import server_config
from apps.gateway.tests.factories import World, caller, route
from apps.gateway.tests.stub import StubServer

NOWHERE = "http://127.0.0.1:9"
SHORT = GatewaySettings(
    url=NOWHERE,
    first_byte_timeout_s=1.0,
    idle_timeout_s=1.0,
    connect_timeout_s=1.0,
    body_timeout_s=1.0,
    body_max_bytes=100_000,
)


@pytest.fixture
def upstream() -> Iterator[StubServer]:
    with StubServer() as server:
        yield server


@pytest.fixture
def world(upstream) -> World:
    """One route to the model server, and somebody who may call it."""
    world = World()
    world.add(route(address=upstream.address))
    world.person = caller()
    world.token = world.key_of(world.person)
    return world


def events(raw: bytes) -> list:
    """The data of each event of a stream."""
    found = [line.removeprefix(b"data: ") for line in raw.split(b"\n\n") if line.startswith(b"data: ")]
    return [data.decode() if data == b"[DONE]" else orjson.loads(data) for data in found]


class RunningGateway:
    """A gateway on a free port."""

    def __init__(self, app: GatewayApplication, port: int, spool: Path, token: str) -> None:
        self.app = app
        self.gateway = app.gateway
        self.url = f"http://127.0.0.1:{port}"
        self.port = port
        self._spool = spool
        self._token = token

    async def call(
        self, path: str, body: Any = None, *, method: str = "POST", token: str | None = "own", **more: Any
    ) -> tuple[int, Any, Any]:
        """Return status, body (JSON decoded where it is JSON) and headers."""
        headers = dict(more.pop("headers", {}))
        if token is not None:
            headers["Authorization"] = f"Bearer {self._token if token == 'own' else token}"
        data = body if isinstance(body, bytes) else orjson.dumps(body) if body is not None else None
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, self.url + path, data=data, headers=headers, **more) as response,
        ):
            raw = await response.read()
            is_json = response.content_type == "application/json"
            return response.status, orjson.loads(raw) if is_json else raw, response.headers

    async def chat(self, *, stream: bool = False, **given: Any) -> tuple[int, Any, Any]:
        """Call the OpenAI-compatible surface."""
        messages = [{"role": "user", "content": "Where is my refund?"}]
        more = {name: given.pop(name) for name in ("token", "headers") if name in given}
        body = {"model": "assistant", "messages": messages, **({"stream": True} if stream else {}), **given}
        return await self.call("/v1/chat/completions", body, **more)

    def records(self) -> list[dict[str, Any]]:
        """What was written down, in order."""
        lines = b"".join(path.read_bytes() for path in sorted(self._spool.glob("requests-*.jsonl")))
        return [orjson.loads(line) for line in lines.splitlines()]

    @property
    def record(self) -> dict[str, Any]:
        """The one call that was written down."""
        (record,) = self.records()
        return record

    async def recorded(self, count: int = 1) -> list[dict[str, Any]]:
        """Wait until so many calls are written down."""
        for _ in range(200):
            if len(self.records()) >= count:
                break
            await asyncio.sleep(0.02)
        return self.records()


@contextlib.asynccontextmanager
async def running(
    world: World, folder: Path, settings: Any, *, configured: GatewaySettings = SHORT, load: Any = None
) -> AsyncIterator[RunningGateway]:
    """Run a gateway in the loop of the test."""
    settings.SPOOL_DIR = folder / "spool"
    settings.PORTAL_SOCKET = getattr(world, "portal_socket", str(folder / "portal.sock"))
    app = GatewayApplication(configured, load=load or world.snapshot)
    # Only calls are tried here; how a snapshot is kept fresh is tested with a database.
    app.gateway.snapshots._listen = lambda: asyncio.sleep(3600)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(server_config(app, configured, host="127.0.0.1", port=0))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started:
            assert not serving.done(), serving.exception()
            await asyncio.sleep(0.01)
        try:
            yield RunningGateway(app, listening.getsockname()[1], folder / "spool", getattr(world, "token", ""))
        finally:
            server.should_exit = True
            await serving


@pytest.fixture
async def gateway(world, tmp_path, settings) -> AsyncIterator[RunningGateway]:
    async with running(world, tmp_path, settings) as started:
        yield started
