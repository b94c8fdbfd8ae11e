"""Who calls, and may they? The same answers as `accounts.selectors` gives, from memory."""

import hashlib
import math
from uuid import UUID

from django.core import signing

from apps.accounts.errors import KeyNetworkError, KeyScopeError
from apps.accounts.keys import is_well_formed
from apps.accounts.networks import is_within
from apps.accounts.permissions import Permission
from apps.gateway.errors import CredentialsError, KeyRefusedError, RouteNotFoundError, UseRefusedError
from apps.gateway.snapshot.records import Caller, Key, Route, Snapshot

SCOPE = "inference"
INTERNAL_PREFIX = "llmi_"
INTERNAL_SALT = "gateway.internal"
INTERNAL_MAX_AGE_S = 60


def internal_token(user_id: str) -> str:
    """Return a token by which the portal calls as one of its users; it ends by itself after a minute."""
    return INTERNAL_PREFIX + signing.dumps(user_id, salt=INTERNAL_SALT)


def authenticated(
    snapshot: Snapshot, authorization: str | None, *, now: float, address: str = ""
) -> tuple[Caller, Key | None]:
    """Return who calls, and by which key; the portal's own calls have none.

    Args:
        authorization: the header's value.
        now: seconds since the epoch.
        address: from where the call comes; "" where that is not known.

    Raises:
        CredentialsError, KeyRefusedError: there is no bearer token, or none that opens anything.
        KeyNetworkError: the key may not be used from there.
        KeyScopeError: the key is not for calling models.
    """
    scheme, _, token = (authorization or "").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise CredentialsError
    if token.startswith(INTERNAL_PREFIX):
        return _internal_caller(snapshot, token), None
    key = snapshot.keys.get(hashlib.sha256(token.encode()).hexdigest()) if is_well_formed(token) else None
    if key is None or (key.expires_at is not None and key.expires_at <= now) or key.user_id not in snapshot.callers:
        raise KeyRefusedError
    if key.networks and not is_within(address, key.networks):
        raise KeyNetworkError(address=address or "an unknown address")
    if SCOPE not in key.scopes:
        raise KeyScopeError(scope=SCOPE)
    return snapshot.callers[key.user_id], key


def permitted_route(snapshot: Snapshot, caller: Caller, name: str, *, now: float) -> Route:
    """Return the route called `name`, if `caller` may call it.

    Raises:
        RouteNotFoundError: there is none, or the caller may not even see it.
        UseRefusedError: the caller sees it but may not call it.
    """
    route = snapshot.routes.get(name)
    if route is None:
        raise RouteNotFoundError(route=name)
    if may(caller, Permission.USE, route, now=now):
        return route
    if may(caller, Permission.READ, route, now=now):
        raise UseRefusedError(route=name)
    raise RouteNotFoundError(route=name)


def usable_routes(snapshot: Snapshot, caller: Caller, *, now: float) -> list[Route]:
    """Return the routes that `caller` may call, by name."""
    routes = (route for _, route in sorted(snapshot.routes.items()))
    return [route for route in routes if may(caller, Permission.USE, route, now=now)]


def may(caller: Caller, permission: Permission, route: Route, *, now: float) -> bool:
    """Tell whether `caller` has a permission on a route: by role or by grant, and a denial beats everything."""
    grants = [
        grant
        for grant in route.grants.get((caller.id, str(permission)), ())
        if grant.expires_at is None or grant.expires_at > now
    ]
    if grants:
        return all(grant.allows for grant in grants)
    return caller.is_everywhere or any(
        scope in caller.scopes.get(str(permission), ()) and caller.ends.get((str(permission), scope), math.inf) > now
        for scope in (route.team_id, route.project_id)
        if scope is not None
    )


def _internal_caller(snapshot: Snapshot, token: str) -> Caller:
    try:
        user_id = signing.loads(token.removeprefix(INTERNAL_PREFIX), salt=INTERNAL_SALT, max_age=INTERNAL_MAX_AGE_S)
    except signing.BadSignature:
        raise KeyRefusedError from None
    caller = snapshot.callers.get(UUID(user_id))
    if caller is None:
        raise KeyRefusedError
    return caller
