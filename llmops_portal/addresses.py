"""Every address of the portal says which permission it needs. The list of addresses cannot be imported otherwise."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from apps.core.doors import PUBLIC, Needed, PermissionNotDeclaredError

# The admin asks by itself: of staff, for Django's permissions on each model. What governance keeps, it only shows.
ASKS_ITSELF = frozenset({"admin"})


class Schema(SpectacularAPIView):
    """GET /llm-ops/v1/schema"""

    permissions: Mapping[str, Needed] = {"get": PUBLIC}


class ApiDocs(SpectacularSwaggerSplitView):
    """GET /llm-ops/v1/docs"""

    permissions: Mapping[str, Needed] = {"get": PUBLIC}


@dataclass(frozen=True, slots=True)
class Address:
    """One address and the view that answers there.

    Attributes:
        path: as the resolver writes it, such as "catalog/models/<uuid:model_id>/".
        view: a function, or the class of an API view.
        permissions: what each method needs.
    """

    path: str
    view: Any
    permissions: Mapping[str, Needed]


def declared(patterns: Sequence[URLPattern | URLResolver], prefix: str = "") -> Iterator[Address]:
    """Yield every address below `patterns`, the admin's aside.

    Raises:
        PermissionNotDeclaredError: names the address whose view does not say what it needs.
    """
    for pattern in patterns:
        path = f"{prefix}{pattern.pattern}"
        if isinstance(pattern, URLResolver):
            if pattern.app_name not in ASKS_ITSELF:
                yield from declared(pattern.url_patterns, path)
            continue
        view = getattr(pattern.callback, "cls", pattern.callback)
        permissions = getattr(view, "permissions", None)
        if not permissions:
            raise PermissionNotDeclaredError(f"/{path} does not say which permission it needs: see `apps.core.doors`.")
        yield Address(path, view, permissions)
