"""A model server that speaks OpenAI's protocol over a real socket, and fails in every way that one can.

It runs in a thread with a loop of its own. `behaviour` says how it answers; `calls` is what it was asked.
"""

import asyncio
import threading
from typing import Any

import orjson
from aiohttp import web
from multidict import CIMultiDict

PIECES = ["Your ", "refund ", "is ", "on ", "its ", "way."]
USAGE = {"prompt_tokens": 21, "completion_tokens": 6, "total_tokens": 27}
TOOL_CALL = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "find_order", "arguments": '{"number":"A-17"}'},
}
HEAD = {"id": "chatcmpl-1", "created": 1_700_000_000, "model": "assistant"}


class StubServer:
    """Start it with `with`."""

    def __init__(self) -> None:
        self.behaviour = "answers"
        self.calls: list[dict[str, Any]] = []
        self.headers: list[CIMultiDict[str]] = []
        self.began = threading.Event()  # an answer has begun
        self.abandoned = threading.Event()  # whoever asked went away in the middle
        self.usage: dict[str, Any] | None = USAGE

    def __enter__(self) -> "StubServer":
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,))
        self._thread.start()
        ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def _run(self, ready: threading.Event) -> None:
        async def serve() -> None:
            app = web.Application(client_max_size=64 * 1024 * 1024)
            app.router.add_post("/v1/{api:.*}", self._answer)
            runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1, access_log=None)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            self._port = runner.addresses[0][1]
            self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
            ready.set()
            await self._stop.wait()
            await runner.cleanup()

        asyncio.run(serve())

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.calls.append(body)
        self.headers.append(request.headers.copy())
        try:
            return await self._behave(request, body)
        except asyncio.CancelledError:
            self.abandoned.set()
            raise

    async def _behave(self, request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        if self.behaviour == "hangs":
            await self._hang()
        if self.behaviour == "dies":
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if self.behaviour.isdigit():
            return _failure(int(self.behaviour))
        if self.behaviour == "nonsense":
            return web.Response(text="<html>it works!</html>")
        if request.match_info["api"] == "embeddings":
            usage = {"prompt_tokens": 4, "total_tokens": 4}
            return web.json_response({"object": "list", "data": [{"embedding": [0.5], "index": 0}], "usage": usage})
        if body.get("stream"):
            return await self._stream(request, body)
        return web.json_response(self._whole(request, body))

    def _whole(self, request: web.Request, body: dict[str, Any]) -> dict[str, Any]:
        text = "".join(PIECES)
        if request.match_info["api"] == "completions":
            choice: dict[str, Any] = {"index": 0, "text": text, "finish_reason": "stop"}
        else:
            message: dict[str, Any] = {"role": "assistant", "content": text}
            if body.get("tools"):
                message = {"role": "assistant", "content": None, "tool_calls": [TOOL_CALL]}
            choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if body.get("tools") else "stop"}
        return {**HEAD, "object": "chat.completion", "choices": [choice], "usage": self.usage}

    async def _stream(self, request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for number, event in enumerate(self._events(body)):
            if number == 3 and self.behaviour.endswith("in the middle"):
                return await self._fail(request, response)
            await response.write(event)
            self.began.set()
            if self.behaviour == "slow":
                await asyncio.sleep(0.05)
        return response

    async def _fail(self, request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
        assert request.transport is not None
        match self.behaviour.removesuffix(" in the middle"):
            case "hangs":
                await self._hang()
            case "dies":
                request.transport.abort()
            case "says an error":
                await response.write(_event({"error": {"message": "out of memory", "code": 500}}))
            case "nonsense":
                await response.write(b"data: {broken\n\n")
        return response

    def _events(self, body: dict[str, Any]) -> list[bytes]:
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}, *({"content": piece} for piece in PIECES)]
        if body.get("tools"):
            deltas = [{"role": "assistant"}, {"tool_calls": [{"index": 0, **TOOL_CALL}]}]
        events = [_chunk({"index": 0, "delta": delta, "finish_reason": None}) for delta in deltas]
        events.append(_chunk({"index": 0, "delta": {}, "finish_reason": "stop"}))
        if self.usage is not None and (body.get("stream_options") or {}).get("include_usage"):
            events.append(_event({**HEAD, "object": "chat.completion.chunk", "choices": [], "usage": self.usage}))
        return [*events, b"data: [DONE]\n\n"]

    async def _hang(self) -> None:
        self.began.set()
        await self._stop.wait()


def _chunk(choice: dict[str, Any]) -> bytes:
    return _event({**HEAD, "object": "chat.completion.chunk", "choices": [choice]})


def _event(data: dict[str, Any]) -> bytes:
    return b"data: " + orjson.dumps(data) + b"\n\n"


def _failure(status: int) -> web.Response:
    error = {"message": "the context is 128 tokens long", "type": "server_error", "code": None, "param": None}
    return web.json_response({"error": error}, status=status, headers={"Retry-After": "7"})
