"""Snapshots without a database, and an endpoint with one."""

import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from apps.accounts.keys import key_digest, new_key
from apps.accounts.models import Team, User
from apps.catalog.tests import factories as catalog
from apps.core.ids import new_id
from apps.costs.money import nano_of, pico_per_token
from apps.costs.pricing import TokenPrices
from apps.gateway.calls.budgets import month_of
from apps.gateway.snapshot.records import Caller, Grant, Key, Prompt, Route, Snapshot
from apps.serving.models import Endpoint
from apps.serving.states import EndpointStatus
from apps.serving.tests.factories import endpoint_of
from conftest import by_hand

TEAM, OTHER_TEAM = new_id(), new_id()
# 1 US dollar per 1,000 tokens either way, so that budgets of cents are small.
DEAR = TokenPrices(pico_per_token(Decimal(1000)), pico_per_token(Decimal(1000)))


def route(**given: Any) -> Route:
    values: dict[str, Any] = {
        "name": "assistant",
        "endpoint_id": new_id(),
        "team_id": TEAM,
        "team_slug": "voc",
        "environment": "prod",
        "backend": "local",
        "status": "healthy",
        "address": "http://127.0.0.1:9",
        "created_at": 1_700_000_000.0,
        "revision_id": new_id(),
        "revision_number": 3,
        "model_version_id": new_id(),
        "model_name": "voc 1",
        "prompt_id": None,
        "max_input_tokens": None,
        "max_output_tokens": 64,
        "prices": DEAR,
        "grants": {},
    }
    return Route(**values | given)


def prompt(**given: Any) -> Prompt:
    values: dict[str, Any] = {
        "id": new_id(),
        "team_id": TEAM,
        "name": "classify",
        "number": 1,
        "system": "You sort messages.",
        "user": "Message: {{ text }}",
        "variables": ("text",),
    }
    return Prompt(**values | given)


def caller(*, use: tuple[UUID, ...] = (TEAM,), read: tuple[UUID, ...] = (TEAM,), everywhere: bool = False) -> Caller:
    return Caller(new_id(), "somebody", everywhere, {"use": frozenset(use), "read": frozenset(read)})


def grant(*, allows: bool = True, expires_at: float | None = None) -> Grant:
    return Grant(allows, expires_at)


class World:
    """A snapshot in the making, with the keys of its callers."""

    def __init__(self) -> None:
        self.keys: dict[str, Key] = {}
        self.callers: dict[UUID, Caller] = {}
        self.routes: dict[str, Route] = {}
        self.prompts: dict[UUID, Prompt] = {}
        self.limits: dict[UUID, int] = {}
        self.spent: dict[UUID, int] = {}
        self.offsets: dict[str, int] = {}
        self.month = month_of(datetime.now(UTC))
        self.age_s = 0.0

    def key_of(
        self, person: Caller, *, scopes: tuple[str, ...] = ("inference",), expires_at: float | None = None
    ) -> str:
        token = new_key(for_service=False)
        self.callers[person.id] = person
        self.keys[key_digest(token)] = Key(new_id(), person.id, token[:12], frozenset(scopes), expires_at)
        return token

    def add(self, *things: Route | Prompt) -> "World":
        for thing in things:
            if isinstance(thing, Route):
                self.routes[thing.name] = thing
            else:
                self.prompts[thing.id] = thing
        return self

    def budget(self, usd: str, *, team: UUID = TEAM) -> "World":
        self.limits[team] = nano_of(Decimal(usd))
        return self

    def snapshot(self, _: Snapshot | None = None) -> Snapshot:
        numbers: dict[tuple[UUID, str], dict[int, UUID]] = {}
        for each in self.prompts.values():
            numbers.setdefault((each.team_id, each.name), {})[each.number] = each.id
        return Snapshot(
            keys=dict(self.keys),
            callers=dict(self.callers),
            routes=dict(self.routes),
            prompts=dict(self.prompts),
            prompt_numbers=numbers,
            limits_nano=dict(self.limits),
            spent_nano=dict(self.spent),
            month=self.month,
            spool_offsets=dict(self.offsets),
            unbooked_nano={},
            taken_at=time.monotonic() - self.age_s,
        )


def stored_endpoint(engineer: User, approver: User, team: Team, folder: Path, **given: Any) -> Endpoint:
    """An endpoint in the database, as it is once its server answers at `address`."""
    address = given.pop("address", "http://127.0.0.1:9")
    model = given.pop("model", None) or catalog.approved(engineer, approver, team, folder)
    endpoint = endpoint_of(engineer, team, model, **{"route_name": "assistant", **given})
    with by_hand():
        Endpoint.objects.filter(pk=endpoint.pk).update(
            address=address, serving_revision=endpoint.revision, status=EndpointStatus.HEALTHY
        )
    return Endpoint.objects.get(pk=endpoint.pk)
