"""The last resort for what no view answers: an envelope below the API, a page elsewhere. Never a trace."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views import defaults

from apps.core.api.handler import error_data

API = "/llm-ops/"


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if request.path.startswith(API):
        return _enveloped(404, "core.not_found", "There is nothing at this address. See /llm-ops/v1/docs.")
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    if request.path.startswith(API):
        message = "Something went wrong here; it is not your fault. Tell an administrator the request id."
        return _enveloped(500, "core.internal", message)
    return defaults.server_error(request)


def _enveloped(status: int, code: str, message: str) -> JsonResponse:
    return JsonResponse({"status": "error", "message": message, "data": error_data(code)}, status=status)
