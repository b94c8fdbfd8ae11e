"""A refusal that a page's view did not handle becomes a page, or for htmx a message. The API has its own handler."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django_htmx.http import trigger_client_event

from apps.core.api.handler import status_of
from apps.core.errors import DomainError, NotFoundError


class RefusalMiddleware:
    """Answer a `DomainError` with its status and its reasons; anything else that is raised stays a bug."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, DomainError):
            return None
        status = status_of(exception)
        if getattr(request, "htmx", False):
            # Plain text is never swapped in where a fragment was expected: a 422 would be.
            response = HttpResponse(str(exception), status=status, content_type="text/plain; charset=utf-8")
            response["HX-Reswap"] = "none"
            return trigger_client_event(response, "toast", {"tone": "bad", "text": refusal_text(exception)})
        template = "404.html" if isinstance(exception, NotFoundError) else "refusal.html"
        return render(request, template, {"error": exception}, status=status)


def refusal_text(error: DomainError) -> str:
    """Return a refusal as one paragraph: why, where, and who can help."""
    reasons = [reason for reasons in error.fields.values() for reason in reasons]
    return " ".join([str(error), *reasons, str(error.context.get("who_can_help", ""))]).strip()
