"""Where requests wait for the model, and each gets its answer."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TYPE_CHECKING

from apps.serving.program.chat import ChatRequest
from apps.serving.program.errors import BusyError, LoadingError
from apps.serving.program.spec import Runtime

if TYPE_CHECKING:
    from apps.serving.program.engine import Ask, Engine, Outcome


class Desk:
    """Holds the engine once it is loaded, and lets so many requests at it as may be."""

    def __init__(self, runtime: Runtime) -> None:
        self.engine: Engine | None = None
        self.in_flight = 0
        self._limit = runtime.max_concurrent_requests + runtime.max_waiting_requests
        self._pool = ThreadPoolExecutor(runtime.max_concurrent_requests, thread_name_prefix="answer")

    def admit(self, request: ChatRequest) -> "Answer":
        """Begin to answer `request`, or let it wait for its turn.

        Raises:
            LoadingError, BusyError, RequestError: it cannot be answered now, or at all.
        """
        if self.engine is None:
            raise LoadingError("The model is still being loaded; try again soon.")
        if self.in_flight >= self._limit:
            raise BusyError(f"{self.in_flight} requests are being answered or wait to be; try again soon.")
        ask = self.engine.prepare(request)
        self.in_flight += 1
        answer = Answer(self.engine, ask, self._pool)
        # Counted until the model has done with it, whether or not anybody still listens.
        answer.done.add_done_callback(lambda _: self._leave())
        return answer

    def _leave(self) -> None:
        self.in_flight -= 1


class Answer:
    """One answer on its way: a thread writes it, the event loop reads it."""

    def __init__(self, engine: "Engine", ask: "Ask", pool: ThreadPoolExecutor) -> None:
        self.ask = ask
        self._pieces: asyncio.Queue[str | None] = asyncio.Queue()
        self._cancelled = Event()
        loop = asyncio.get_running_loop()

        def emit(text: str) -> None:
            loop.call_soon_threadsafe(self._pieces.put_nowait, text)

        self.done: asyncio.Future[Outcome] = loop.run_in_executor(pool, engine.answer, ask, emit, self._cancelled)
        self.done.add_done_callback(lambda _: self._pieces.put_nowait(None))

    async def __aiter__(self) -> AsyncIterator[str]:
        while (piece := await self._pieces.get()) is not None:
            yield piece

    def cancel(self) -> None:
        """Have the model stop at its next token; does nothing to an answer that is complete."""
        self._cancelled.set()
