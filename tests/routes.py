"""Every route that the resolver knows, and what OpenAPI says of it."""

import functools
import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.generators import SchemaGenerator

BASE = "llm-ops/v1/"
METHODS = ("get", "post", "put", "patch", "delete")
NOT_ENVELOPED = {
    "schema",
    "docs",  # documents about the API, not answers of it
    "governance/audit/export",
    "governance/audit/verifier",  # files that are there for whoever may read any
}
NOT_OURS = {"admin/"}
Json = dict[str, Any]


def walked() -> Iterator[tuple[str, URLPattern, str]]:
    """Yield every path with its pattern and its full name."""

    def walk(
        patterns: list[URLPattern | URLResolver], prefix: str, names: str
    ) -> Iterator[tuple[str, URLPattern, str]]:
        for pattern in patterns:
            path = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                inner = f"{names}{pattern.namespace}:" if pattern.namespace else names
                yield from walk(pattern.url_patterns, path, inner)
            else:
                yield path, pattern, names + (pattern.name or "")

    return walk(get_resolver().url_patterns, "", "")


def api_routes() -> list[tuple[str, str, object]]:
    """Return every (method, path, view class) below the API's base."""
    found = []
    for path, pattern, _ in walked():
        view = getattr(pattern.callback, "view_class", None)
        if path.startswith(BASE) and view is not None and path.removeprefix(BASE) not in NOT_ENVELOPED:
            found += [(method, path.removeprefix(BASE), view) for method in METHODS if hasattr(view, method)]
    return found


def filled(path: str) -> str:
    """Return the address of an API path with a value for each of its parameters."""
    values = {"uuid": str(uuid4()), "int": "1", "path": "model.safetensors", "slug": "name", "str": "name"}
    return "/" + BASE + re.sub(r"<(?:(\w+):)?\w+>", lambda match: values[match.group(1) or "str"], path)


def templated(path: str) -> str:
    """Return an API path as OpenAPI writes it."""
    return "/" + BASE + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", path)


@functools.cache
def openapi() -> Json:
    return dict(SchemaGenerator().get_schema(request=None, public=True))


def described_data(operation: Json) -> Json:
    """Return the schema of `data` in the JSON answer of an operation; empty where it has none."""
    for answer in operation["responses"].values():
        if content := answer.get("content", {}).get("application/json"):
            return _resolved(content["schema"]["properties"]["data"])
    return {}


def described_lists() -> set[str]:
    """Return the paths, as OpenAPI writes them, that answer with a page of a list."""
    gets = {path: methods["get"] for path, methods in openapi()["paths"].items() if "get" in methods}
    return {path for path, operation in gets.items() if "next" in described_data(operation).get("properties", {})}


def _resolved(schema: Json) -> Json:
    while "$ref" in schema:
        schema = openapi()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema
