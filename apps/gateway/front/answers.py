"""Refusals to HTTP: status numbers, and the shape of an error in the envelope and in OpenAI's form."""

from typing import Any

import orjson

from apps.core.api.handler import status_of as core_status_of
from apps.core.errors import DomainError
from apps.gateway.errors import (
    BudgetSpentError,
    CredentialsError,
    RouteNotFoundError,
    UpstreamTimeoutError,
)

JSON = (b"content-type", b"application/json")
OWN_STATUS: dict[type[DomainError], int] = {CredentialsError: 401, UpstreamTimeoutError: 504}

# Where OpenAI has a code for it, its clients know that one.
OPENAI_CODES: dict[type[DomainError], str] = {
    CredentialsError: "invalid_api_key",
    RouteNotFoundError: "model_not_found",
    BudgetSpentError: "insufficient_quota",
}
OPENAI_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


def status_of(error: DomainError) -> int:
    """Return the HTTP status of a refusal."""
    return next((status for kind, status in OWN_STATUS.items() if isinstance(error, kind)), None) or core_status_of(
        error
    )


def enveloped(data: Any, message: str = "") -> bytes:
    """Return a success in the envelope."""
    return orjson.dumps({"status": "success", "message": message, "data": data})


def envelope_error(error: DomainError, *, request_id: str) -> bytes:
    """Return a refusal in the envelope."""
    data: dict[str, Any] = {"code": error.code, "request_id": request_id}
    if error.fields:
        data["fields"] = error.fields
    if error.rules:
        data["rules"] = [rule.as_dict() for rule in error.rules]
    if "upstream" in error.context:
        data["upstream"] = error.context["upstream"]
    return orjson.dumps({"status": "error", "message": str(error), "data": data})


def openai_error(error: DomainError) -> bytes:
    """Return a refusal in OpenAI's shape."""
    status = status_of(error)
    shape = {
        "message": str(error),
        "type": OPENAI_TYPES.get(status, "invalid_request_error" if status < 500 else "api_error"),
        "param": next(iter(error.fields), None),
        "code": next((code for kind, code in OPENAI_CODES.items() if isinstance(error, kind)), error.code),
    }
    return orjson.dumps({"error": shape})


def refusal_headers(error: DomainError) -> list[tuple[bytes, bytes]]:
    """Return the headers that tell a client what to do about a refusal."""
    headers = []
    if isinstance(error, CredentialsError):
        headers.append((b"www-authenticate", b'Bearer realm="llm-ops"'))
    if retry_after := error.context.get("retry_after_s"):
        headers.append((b"retry-after", str(retry_after).encode()))
    if isinstance(error, BudgetSpentError):
        headers.append((b"x-should-retry", b"false"))  # OpenAI's clients would try thrice more
    return headers
