"""The HTTP surface: /health, /v1/models and /v1/chat/completions."""

from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from apps.serving.program import chat
from apps.serving.program.chat import ChatRequest, Completion
from apps.serving.program.desk import Answer, Desk
from apps.serving.program.errors import RequestError, ServerError, UnknownModelError

RETRY_AFTER_S = 1
# What nginx and others log for a client that left; nobody is there to read it.
CLIENT_LEFT = 499


class Api:
    def __init__(self, model_name: str, desk: Desk) -> None:
        self._name = model_name
        self._desk = desk

    def app(self) -> Starlette:
        """Return the ASGI application."""
        return Starlette(
            routes=[
                Route("/health", self.health),
                Route("/v1/models", self.models),
                Route("/v1/chat/completions", self.chat_completions, methods=["POST"]),
            ],
            exception_handlers={RequestError: refuse, Exception: fail},
        )

    async def health(self, _request: Request) -> Response:
        if self._desk.engine is None:
            return JSONResponse({"status": "loading", "model": self._name}, 503)
        return JSONResponse({"status": "ok", "model": self._name, "in_flight": self._desk.in_flight})

    async def models(self, _request: Request) -> Response:
        model = {"id": self._name, "object": "model", "created": 0, "owned_by": "local"}
        return JSONResponse({"object": "list", "data": [model]})

    async def chat_completions(self, request: Request) -> Response:
        asked = chat.read_request(await request.body())
        if asked.model != self._name:
            raise UnknownModelError(
                f"This server serves '{self._name}', not '{asked.model}'.", param="model", code="model_not_found"
            )
        answer = self._desk.admit(asked)
        completion = Completion(self._name)
        if asked.stream:
            return StreamingResponse(_events(answer, asked, completion), media_type="text/event-stream")
        return await _whole(answer, request, completion)


async def _whole(answer: Answer, request: Request, completion: Completion) -> Response:
    pieces = []
    async for piece in answer:
        pieces.append(piece)
        if await request.is_disconnected():
            answer.cancel()
            return Response(status_code=CLIENT_LEFT)
    outcome = await answer.done
    used = chat.usage(len(answer.ask.ids), outcome.completion_tokens)
    return JSONResponse(completion.whole("".join(pieces), outcome.finish_reason, used))


async def _events(answer: Answer, asked: ChatRequest, completion: Completion) -> AsyncIterator[str]:
    try:
        yield completion.piece({"role": "assistant", "content": ""})
        async for piece in answer:
            yield completion.piece({"content": piece})
        outcome = await answer.done
        yield completion.piece({}, outcome.finish_reason)
        if asked.stream_options is not None and asked.stream_options.include_usage:
            yield completion.account(chat.usage(len(answer.ask.ids), outcome.completion_tokens))
        yield chat.END_OF_STREAM
    except Exception:
        # The status is sent already: only an event can still say that this is not the end of the answer.
        yield chat.event(chat.error_body(ServerError()))
        raise
    finally:
        # Also where the client left in the middle.
        answer.cancel()


async def refuse(_request: Request, error: RequestError) -> Response:
    """Answer a refusal in OpenAI's shape."""
    headers = {"Retry-After": str(RETRY_AFTER_S)} if error.status == 503 else None
    return JSONResponse(chat.error_body(error), error.status, headers)


async def fail(request: Request, _error: Exception) -> Response:
    """Answer a bug in OpenAI's shape; the exception itself goes to the log."""
    return await refuse(request, ServerError())
