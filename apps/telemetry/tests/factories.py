"""Spool files and events as the gateway makes them."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from apps.core.ids import new_id
from apps.telemetry.models import RequestEvent
from apps.telemetry.services import ship_spool
from apps.telemetry.spool import moment_of


def event_values(**given: Any) -> dict[str, Any]:
    """Return the values of one event as a spool line holds them."""
    request_id = given.pop("id", new_id())
    values: dict[str, Any] = {
        "ts": moment_of(request_id).isoformat(),
        "event": "llm.call",
        "interaction_id": request_id,
        "provider": "local",
        "success": True,
        "id": request_id,
        "at": moment_of(request_id),
        "client_request_id": "",
        "team_id": None,
        "user_id": None,
        "api_key_id": None,
        "route": "assistant",
        "endpoint_id": None,
        "revision_id": None,
        "model_version_id": None,
        "model": "voc 1",
        "prompt_version_id": None,
        "surface": "openai",
        "stream": False,
        "status": 200,
        "outcome": "ok",
        "error": None,
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "tokens_estimated": False,
        "latency_ms": 12.5,
        "first_token_ms": None,
        "cost_usd": "0.000012000",
        "decisions": [],
        "content": None,
    }
    return values | given


def line(**given: Any) -> bytes:
    return orjson.dumps(event_values(**given)) + b"\n"


def spool_file(folder: Path, *lines: bytes, name: str = "requests-1-1.jsonl") -> Path:
    path = folder / name
    path.write_bytes(b"".join(lines))
    return path


@contextmanager
def being_written(path: Path) -> Iterator[None]:
    """Hold the lock that a gateway holds on the file it writes."""
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def shipped(folder: Path, *events: dict[str, Any]) -> list[RequestEvent]:
    """Ship events of the given values through a spool file; return their rows in the same order."""
    values = [event_values(**given) for given in events]
    spool_file(folder, *(orjson.dumps(value) + b"\n" for value in values), name=f"requests-1-{new_id()}.jsonl")
    ship_spool(folder)
    rows = {row.id: row for row in RequestEvent.objects.filter(id__in=[value["id"] for value in values])}
    return [rows[value["id"]] for value in values]
