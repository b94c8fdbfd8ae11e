"""Refusals to HTTP: the one place that knows status numbers and the shape of an error."""

from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import OperationalError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from apps.core import errors
from apps.core.api.parsers import body_too_large
from apps.core.api.renderer import with_message
from apps.core.requests import current_request_id

log = structlog.get_logger(__name__)

STATUS_OF: dict[type[errors.DomainError], int] = {
    errors.InvalidInputError: 400,
    errors.NotAllowedError: 403,
    errors.NotFoundError: 404,
    errors.ConflictError: 409,
    errors.TooLargeError: 413,
    errors.UnsupportedMediaError: 415,
    errors.RuleBrokenError: 422,
    errors.LimitReachedError: 429,
    errors.UpstreamFailedError: 502,
    errors.UnavailableError: 503,
}
CODE_OF_STATUS = {
    400: "core.invalid_input",
    401: "core.not_signed_in",
    403: "core.not_allowed",
    404: "core.not_found",
    405: "core.method_not_allowed",
    406: "core.not_acceptable",
    413: "core.too_large",
    415: "core.unsupported_media",
    429: "core.limit_reached",
}


def status_of(error: errors.DomainError) -> int:
    """Return the HTTP status of a refusal, by the nearest kind that it is."""
    return next(STATUS_OF[kind] for kind in type(error).__mro__ if kind in STATUS_OF)


def error_data(
    code: str,
    *,
    fields: Mapping[str, Sequence[str]] | None = None,
    rules: Sequence[errors.BrokenRule] = (),
    **more: Any,
) -> dict[str, Any]:
    """Return the `data` of an error answer."""
    data: dict[str, Any] = {"code": code, "request_id": current_request_id(), **more}
    if fields:
        data["fields"] = fields
    if rules:
        data["rules"] = [rule.as_dict() for rule in rules]
    return data


def exception_handler(error: Exception, context: Mapping[str, Any]) -> Response | None:  # noqa: ARG001
    """Turn a refusal into its answer. Returns None for a bug, which becomes a 500 with a request id and no trace."""
    if isinstance(error, OperationalError):
        log.error("database.unavailable", error=str(error))
        error = errors.UnavailableError("The database does not answer. Try again in a moment.", retry_after_s=5)
    if isinstance(error, RequestDataTooBig):  # of Django, where the body is read before it is parsed
        error = body_too_large()
    if isinstance(error, errors.DomainError):
        return _refusal(error)
    if isinstance(error, Http404):
        error = exceptions.NotFound(errors.NotFoundError.message)
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if not isinstance(error, exceptions.APIException):
        return None
    return _framework_refusal(error)


def flattened(detail: Any, path: str = "") -> dict[str, list[str]]:
    """Return DRF's nested error detail as JSON path to reasons: `hyperparams.lr`, `messages[0].role`."""
    if isinstance(detail, Mapping):
        found: dict[str, list[str]] = {}
        for name, inner in detail.items():
            step = f"[{name}]" if isinstance(name, int) else (f".{name}" if path else str(name))
            found.update(flattened(inner, path if name == "non_field_errors" else path + step))
        return found
    if isinstance(detail, list) and any(isinstance(item, Mapping) for item in detail):
        found = {}
        for index, inner in enumerate(detail):
            found.update(flattened(inner, f"{path}[{index}]") if inner else {})
        return found
    reasons = detail if isinstance(detail, list) else [detail]
    return {path or "body": [str(reason) for reason in reasons]} if reasons else {}


def _refusal(error: errors.DomainError) -> Response:
    set_rollback()
    more: dict[str, Any] = {key: error.context[key] for key in ("upstream", "details") if key in error.context}
    data = error_data(error.code, fields=error.fields, rules=error.rules, **more)
    response = with_message(Response(data, status=status_of(error)), str(error))
    if retry_after := error.context.get("retry_after_s"):
        response["Retry-After"] = str(retry_after)
    return response


def _framework_refusal(error: exceptions.APIException) -> Response:
    set_rollback()
    status = error.status_code
    fields = None
    if isinstance(error, exceptions.ValidationError):
        fields = flattened(error.detail)
        message = "The input is not valid: " + "; ".join(f"{name}: {why[0]}" for name, why in list(fields.items())[:3])
    else:
        message = str(error.detail)
    data = error_data(CODE_OF_STATUS.get(status, "core.refused"), fields=fields)
    response = with_message(Response(data, status=status), message)
    for header, value in _headers(error):
        response[header] = value
    return response


def _headers(error: exceptions.APIException) -> list[tuple[str, str]]:
    headers = []
    if challenge := getattr(error, "auth_header", None):
        headers.append(("WWW-Authenticate", challenge))
    if wait := getattr(error, "wait", None):
        headers.append(("Retry-After", str(int(wait))))
    return headers
