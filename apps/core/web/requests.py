"""What a page's view receives."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails


class HtmxHttpRequest(HttpRequest):
    """A request that knows whether htmx sent it (see `django_htmx.middleware`)."""

    htmx: HtmxDetails
