"""The Content-Security-Policy of every answer: the pages run no inline script, no inline style and no eval."""

from collections.abc import Callable, Mapping
from contextlib import suppress

from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse

HEADER = "Content-Security-Policy"

STRICT: Mapping[str, str] = {
    "default-src": "'self'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
# The admin's skeleton (django-unfold) is built on Alpine, which evaluates its attributes and is styled inline.
ADMIN: Mapping[str, str] = {
    **STRICT,
    "script-src": "'self' 'unsafe-inline' 'unsafe-eval'",
    "style-src": "'self' 'unsafe-inline'",
}
# Swagger UI (its split view, which has no inline script) styles itself inline.
API_DOCS: Mapping[str, str] = {**STRICT, "style-src": "'self' 'unsafe-inline'"}

# By the name of the URL that everything of the kind lies below.
LOOSER: Mapping[str, Mapping[str, str]] = {"admin:index": ADMIN, "api_docs": API_DOCS}


def policy_header(policy: Mapping[str, str]) -> str:
    """Return `policy` as the value of the header."""
    return "; ".join(f"{directive} {sources}" for directive, sources in policy.items())


def policy_for(path: str) -> Mapping[str, str]:
    """Return the policy of an answer to `path`: the strict one, but for what is looser by name."""
    for name, policy in LOOSER.items():
        with suppress(NoReverseMatch):  # a site without an admin, as in some tests, has nothing to be looser about
            if path.startswith(reverse(name)):
                return policy
    return STRICT


class ContentSecurityPolicyMiddleware:
    """Send each answer its policy. A view that set its own keeps it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault(HEADER, policy_header(policy_for(request.path)))
        return response
