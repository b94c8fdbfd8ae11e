"""The way of one call, from its arrival to its record. Read it from top to bottom.

Who calls - what is asked - may they call this route - what will be sent, and what can it cost at most - is the money
there - the model server's answer, passed on as it comes - what it cost, written down.
"""

import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from apps.core.errors import DomainError, UpstreamFailedError
from apps.costs.money import usd_text
from apps.gateway.calls.access import authenticated, permitted_route
from apps.gateway.calls.asking import read_object
from apps.gateway.calls.events import Event, EventSplitter, meter_event, read_event
from apps.gateway.calls.plan import Plan, plan
from apps.gateway.errors import ClientGoneError, UpstreamBrokenError, UpstreamDiedError, UpstreamNonsenseError
from apps.gateway.front.answers import JSON, refusal_headers, status_of
from apps.gateway.front.asgi import Headers, Reply, Request, while_there
from apps.gateway.recording.record import Outcome, Record
from apps.gateway.state import Gateway
from apps.gateway.surfaces.base import Surface
from apps.gateway.upstream import UpstreamAnswer

EVENT_STREAM = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
]


async def answer(gateway: Gateway, request: Request, surface: Surface, reply: Reply) -> None:
    """Answer one call on one surface, and record it."""
    record = Record(surface=surface.name, client_request_id=request.client_request_id)
    with gateway.metrics.in_progress.track_inprogress(), suppress(ClientGoneError):
        try:
            with gateway.kept(record):
                last = await _carried_out(gateway, request, surface, reply, record)
        except DomainError as refusal:
            await _refuse(refusal, surface, reply, record)
        else:
            # Sent only now: whoever has a whole answer finds it recorded.
            await _finish(last, reply, record)


async def _carried_out(gateway: Gateway, request: Request, surface: Surface, reply: Reply, record: Record) -> bytes:
    """Decide, and pass on what the model server answers; return its last bytes, which are not sent yet."""
    snapshot, now = gateway.snapshots.current(), time.time()
    authorization, address = request.header(b"authorization"), request.client_address
    record.caller, record.key = authenticated(snapshot, authorization, now=now, address=address)
    gateway.spool.refuse_unless_writing()
    limits = gateway.settings
    body = await request.body(max_bytes=limits.body_max_bytes, within_s=limits.body_timeout_s)
    asked = surface.asked(read_object(body))
    record.asked_route, record.stream = asked.route, asked.stream
    record.route = permitted_route(snapshot, record.caller, asked.route, now=now)
    made = plan(snapshot, record.route, asked, default_max_output_tokens=limits.default_max_output_tokens)
    record.planned(made)
    with gateway.budgets.held(made.route.team_id, made.most_nano, at=record.at):
        record.allowed("budget", f"At most {usd_text(made.most_nano)} USD were held back.")
        return await while_there(request, _relayed(gateway, made, surface, reply, record))


async def _relayed(gateway: Gateway, made: Plan, surface: Surface, reply: Reply, record: Record) -> bytes:
    record.is_sent = True
    async with gateway.upstreams.answering(made, request_id=record.public_id) as given:
        if made.stream:
            return await _stream(given, made, surface, reply, record, max_bytes=gateway.settings.event_max_bytes)
        return await _whole(given, surface, record)


async def _whole(given: UpstreamAnswer, surface: Surface, record: Record) -> bytes:
    said = await given.whole()
    record.meter.take_usage(said.get("usage"))
    record.meter.count_answer(_characters(said))
    record.ended(Outcome.OK, status=200)
    return surface.whole(said, given.raw, record)


async def _stream(
    given: UpstreamAnswer, made: Plan, surface: Surface, reply: Reply, record: Record, *, max_bytes: int
) -> bytes:
    splitter, is_finished = EventSplitter(max_bytes=max_bytes), False
    async for data in given.chunks():
        passed, broken = b"", None
        try:
            for event in _events(splitter, data, made):
                meter_event(record.meter, event)
                is_finished |= event.is_finish
                if event.is_done:
                    record.first_token()
                    record.ended(Outcome.OK, status=200)
                    return passed + surface.end(record)
                if made.wants_usage or not event.is_usage_only:
                    passed += surface.event(event)
        except UpstreamFailedError as error:
            broken = error  # what came before it is still passed on
        if passed:
            record.first_token()
            await _start_stream(reply, record)
            await reply.chunk(passed)
        if broken is not None:
            raise broken
    if not is_finished:
        raise UpstreamDiedError(upstream=made.route.label)
    record.ended(Outcome.OK, status=200)
    return surface.end(record)


def _events(splitter: EventSplitter, data: bytes, made: Plan) -> Iterator[Event]:
    try:
        for raw in splitter.feed(data):
            event = read_event(raw)
            if event.chunk is not None and event.chunk.get("error"):
                raise UpstreamBrokenError(upstream=made.route.label, status="in the middle of its answer")
            yield event
    except ValueError:
        raise UpstreamNonsenseError(upstream=made.route.label) from None


async def _start_stream(reply: Reply, record: Record) -> None:
    if not reply.has_started:
        await reply.start(200, [*EVENT_STREAM, *_ids(record)])


async def _finish(last: bytes, reply: Reply, record: Record) -> None:
    if record.stream:
        await _start_stream(reply, record)
        await reply.end(last)
    else:
        await reply.whole(200, [JSON, *_ids(record)], last)


async def _refuse(refusal: DomainError, surface: Surface, reply: Reply, record: Record) -> None:
    if reply.has_started:  # the status is sent already: only an event can still say that this is not the end
        await reply.end(surface.error_event(refusal, record))
    else:
        headers = [JSON, *_ids(record), *refusal_headers(refusal)]
        await reply.whole(status_of(refusal), headers, surface.error(refusal, record))


def _ids(record: Record) -> Headers:
    """Name the request in the answer: by the caller's own id, if it sent one, and always by ours."""
    own = str(record.id).encode()
    return [(b"x-request-id", record.client_request_id.encode() or own), (b"x-llmops-request-id", own)]


def _characters(said: dict[str, Any]) -> int:
    """Return how many characters of text an answer has."""
    choices = said.get("choices")
    texts = [
        choice.get("text") or (choice.get("message") or {}).get("content")
        for choice in (choices if isinstance(choices, list) else [])
        if isinstance(choice, dict)
    ]
    return sum(len(text) for text in texts if isinstance(text, str))
