"""Which representation a client gets."""

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class AnyAccept(DefaultContentNegotiation):
    """Take every `Accept` and every `?format=`, for views that answer with streams or files.

    The view sends those by itself; what else it says, its refusals too, is JSON all the same.
    """

    def select_renderer(
        self,
        request: Request,  # noqa: ARG002
        renderers: list[BaseRenderer],  # type: ignore[override]
        format_suffix: str | None = None,  # noqa: ARG002
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type
