"""What makes a view a page: whoever comes is signed in, and the page says which permission it needs."""

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseNotAllowed
from django.http.response import HttpResponseBase

from apps.core.doors import PUBLIC, Needed, refuse_unasked, watched_door

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


def needs(get: Needed | None = None, *, post: Needed | None = None) -> Callable[[View], View]:
    """Declare what a page needs; every page does, or the addresses of the portal cannot be imported.

    Args:
        get: the permission for looking, or `doors.SIGNED_IN`, or `doors.PUBLIC` for a page before the sign-in.
        post: the permission for sending its form.

    The page answers the methods for which something is declared, and no other.
    """
    permissions = {method: needed for method, needed in (("get", get), ("post", post)) if needed is not None}
    allowed = ["GET", "HEAD"] * (get is not None) + ["POST"] * (post is not None)

    def declare(view: View) -> View:
        opened = view if PUBLIC in permissions.values() else login_required(view)

        @functools.wraps(view)
        def watched(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method not in allowed:
                return HttpResponseNotAllowed(allowed)
            with watched_door() as asked:
                response = opened(request, *args, **kwargs)
            needed = permissions["post" if request.method == "POST" else "get"]
            refuse_unasked(f"{view.__module__}.{view.__name__}", needed, asked, response.status_code)
            return response

        watched.permissions = permissions  # type: ignore[attr-defined]
        return cast("View", watched)

    return declare
