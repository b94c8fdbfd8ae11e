"""Reading a snapshot from the database: a dozen queries in one read-only transaction, whatever the number of calls."""

import math
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models.functions import Coalesce
from django.utils import timezone

from apps.accounts.models import ApiKey, Membership, ObjectGrant, User
from apps.accounts.permissions import Permission, denials_of, grants_allowing, roles_allowing
from apps.costs.money import nano_of
from apps.costs.pricing import PriceList
from apps.costs.selectors import enforced_limits, month_of, month_spend, price_list
from apps.gateway.snapshot.records import Caller, Grant, Key, Prompt, Route, Snapshot
from apps.prompts.models import PromptVersion
from apps.serving.models import Endpoint, EndpointGrant
from apps.serving.states import EndpointStatus
from apps.telemetry.models import SpoolPosition

PERMISSIONS = (Permission.USE, Permission.READ)


def load_snapshot(previous: Snapshot | None = None) -> Snapshot:
    """Read everything the gateway must know.

    Args:
        previous: prompt versions never change, so those of an earlier snapshot are not read again.
    """
    taken_at = time.monotonic()
    outermost = not connection.in_atomic_block
    with transaction.atomic():
        if outermost:  # inside another transaction, as in tests, it is too late to ask for this
            _see_one_moment()
        return _read(taken_at, now=timezone.now(), previous=previous)


def _see_one_moment() -> None:
    """Have every query of the transaction see the same moment: what is booked and up to where must belong together."""
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


def _read(taken_at: float, *, now: datetime, previous: Snapshot | None) -> Snapshot:
    prompts = _prompts(previous)
    return Snapshot(
        keys=MappingProxyType(_keys()),
        callers=MappingProxyType(_callers()),
        routes=MappingProxyType(_routes(price_list(), now)),
        prompts=MappingProxyType(prompts),
        prompt_numbers=MappingProxyType(_numbers(prompts.values())),
        limits_nano={team: nano_of(usd) for team, usd in enforced_limits().items()},
        spent_nano={team: nano_of(usd) for team, usd in month_spend(month_of(now)).items()},
        month=month_of(now),
        spool_offsets=dict(SpoolPosition.objects.values_list("file", "offset")),
        unbooked_nano={},
        taken_at=taken_at,
    )


def _keys() -> dict[str, Key]:
    columns = ("sha256", "pk", "user_id", "prefix", "scopes", "expires_at", "networks")
    return {
        sha256: Key(pk, user_id, prefix, frozenset(scopes), _epoch(expires_at), tuple(networks))
        for sha256, pk, user_id, prefix, scopes, expires_at, networks in ApiKey.objects.live().values_list(*columns)
    }


def _callers() -> dict[UUID, Caller]:
    held = _held()
    users = User.objects.filter(is_active=True).values_list("pk", "username", "is_superuser", "kind")
    return {
        pk: Caller(
            id=pk,
            username=username,
            is_everywhere=is_superuser or kind == User.Kind.SYSTEM,
            scopes={name: frozenset(held[pk][name]) for name in PERMISSIONS} if pk in held else {},
            ends={
                (name, scope): ends
                for name, scopes in held.get(pk, {}).items()
                for scope, ends in scopes.items()
                if ends < math.inf
            },
        )
        for pk, username, is_superuser, kind in users
    }


def _held() -> dict[UUID, dict[str, dict[UUID, float]]]:
    """Return for each user and permission the teams and projects where a role allows it, and until when."""
    found: dict[UUID, dict[str, dict[UUID, float]]] = defaultdict(lambda: {str(name): {} for name in PERMISSIONS})
    allowing = {str(permission): set(roles_allowing(permission)) for permission in PERMISSIONS}
    # An organisation stands for each of its teams: the join gives a row for every one.
    scope = Coalesce("project_id", "team_id", "organisation__teams__id")
    rows = Membership.objects.current().order_by().values_list("user_id", scope, "role", "expires_at")
    for user_id, scope_id, role, expires_at in rows:
        for permission, roles in allowing.items():
            if role in roles and scope_id is not None:
                known = found[user_id][permission]
                known[scope_id] = max(known.get(scope_id, -math.inf), _epoch(expires_at) or math.inf)
    return found


def _routes(prices: PriceList, now: datetime) -> dict[str, Route]:
    """Return the routes that there are; one whose first revision waits for approval is not there yet."""
    grants = _grants()
    endpoints = Endpoint.objects.exclude(status__in=[EndpointStatus.DELETED, EndpointStatus.AWAITING]).select_related(
        "owner_team", "serving_revision__model_version"
    )
    return {endpoint.route_name: _route(endpoint, prices, now, grants.get(endpoint.pk, {})) for endpoint in endpoints}


def _route(
    endpoint: Endpoint, prices: PriceList, now: datetime, grants: Mapping[tuple[UUID, str], tuple[Grant, ...]]
) -> Route:
    revision = endpoint.serving_revision
    model = revision.model_version if revision else None
    runtime: dict[str, Any] = revision.runtime if revision else {}
    names = [endpoint.route_name] + ([f"{model.name} {model.version}", model.name] if model else [])
    return Route(
        name=endpoint.route_name,
        endpoint_id=endpoint.pk,
        team_id=endpoint.owner_team_id,
        team_slug=endpoint.owner_team.slug,
        project_id=endpoint.project_id,
        environment=endpoint.environment,
        backend=endpoint.backend,
        status=endpoint.get_status_display().lower(),
        address=endpoint.address.rstrip("/").removesuffix("/v1") if revision else "",
        created_at=endpoint.created_at.timestamp(),
        revision_id=revision.pk if revision else None,
        revision_number=revision.number if revision else 0,
        model_version_id=model.pk if model else None,
        model_name=str(model) if model else "",
        prompt_id=revision.prompt_version_id if revision else None,
        max_input_tokens=runtime.get("max_input_tokens"),
        max_output_tokens=runtime.get("max_output_tokens"),
        prices=prices.tokens(names=names, at=now),
        grants=grants,
    )


def _grants() -> dict[UUID, dict[tuple[UUID, str], tuple[Grant, ...]]]:
    bearing = _bearing()
    columns = ("content_object_id", "user_id", "permission__codename", "effect", "expires_at")
    found: dict[UUID, dict[tuple[UUID, str], tuple[Grant, ...]]] = defaultdict(dict)
    rows = EndpointGrant.objects.current().values_list(*columns)
    for endpoint_id, user_id, codename, effect, expires_at in rows:
        grant = Grant(effect == ObjectGrant.Effect.ALLOW, _epoch(expires_at))
        for permission in bearing.get((effect, codename), ()):
            held = (user_id, permission)
            found[endpoint_id][held] = (*found[endpoint_id].get(held, ()), grant)
    return found


def _bearing() -> dict[tuple[str, str], list[str]]:
    """Return which permissions a grant bears on, by its effect and its name: one to use a route shows it, too."""
    bearing: dict[tuple[str, str], list[str]] = defaultdict(list)
    for permission in PERMISSIONS:
        for granted in grants_allowing(permission):
            bearing[str(ObjectGrant.Effect.ALLOW), f"{granted}_endpoint"].append(str(permission))
        for denied in denials_of(permission):
            bearing[str(ObjectGrant.Effect.DENY), f"{denied}_endpoint"].append(str(permission))
    return bearing


def _prompts(previous: Snapshot | None) -> dict[UUID, Prompt]:
    """Return every prompt version; the texts of those that `previous` holds are not read again."""
    present = set(PromptVersion.objects.values_list("pk", flat=True))
    known = {pk: prompt for pk, prompt in previous.prompts.items() if pk in present} if previous else {}
    new = PromptVersion.objects.filter(pk__in=present - known.keys())
    for version in new.select_related("template"):
        known[version.pk] = Prompt(
            id=version.pk,
            team_id=version.template.owner_team_id,
            name=version.template.name,
            number=version.number,
            system=version.system,
            user=version.user,
            variables=tuple(version.variables),
        )
    return known


def _numbers(prompts: Iterable[Prompt]) -> dict[tuple[UUID, str], Mapping[int, UUID]]:
    named = sorted(prompts, key=attrgetter("team_id", "name", "number"))
    return {
        (team_id, name): {prompt.number: prompt.id for prompt in group}
        for (team_id, name), group in groupby(named, key=attrgetter("team_id", "name"))
    }


def _epoch(moment: datetime | None) -> float | None:
    return moment.timestamp() if moment is not None else None
