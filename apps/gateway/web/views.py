"""Pages of the gateway: trying a route."""

from collections.abc import AsyncIterator

from django.http import HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.utils.html import format_html

from apps.accounts.permissions import Permission
from apps.accounts.selectors import require
from apps.core.errors import DomainError
from apps.core.web.pages import needs
from apps.core.web.requests import HtmxHttpRequest
from apps.gateway import services
from apps.gateway.web.forms import ChatForm
from apps.serving.models import Endpoint
from apps.serving.selectors import visible_endpoints
from apps.serving.states import EndpointStatus

ANSWER = "gateway/chat.html#answer"


@needs(Permission.USE, post=Permission.USE)
def chat(request: HtmxHttpRequest, route_name: str) -> HttpResponseBase:
    """A panel in which a person asks a route, as themselves; a POST gets the answer as it comes, or why there is none.

    The page of the endpoint asks for it and puts it in.
    """
    routes = visible_endpoints(actor=request.user).exclude(status=EndpointStatus.DELETED)
    endpoint = get_object_or_404(routes, route_name=route_name)
    require(request.user, Permission.USE, endpoint)
    form = ChatForm(request.POST or None, variables=_variables(endpoint))
    if request.method != "POST":
        return render(request, "gateway/chat.html", {"endpoint": endpoint, "form": form})
    refusal = None
    if form.is_valid():
        try:
            answering = services.chat_as(actor=request.user, route=endpoint.route_name, **form.asked)
        except DomainError as error:
            refusal = error
        else:
            return StreamingHttpResponse(_as_it_comes(answering, form))
    return render(request, ANSWER, {"form": form, "refusal": refusal}, status=422)


async def _as_it_comes(answering: AsyncIterator[str | services.ChatAnswer], form: ChatForm) -> AsyncIterator[str]:
    """Give the answer's pieces, which the page shows until the article is there: the whole answer, or why it ended."""
    answer, refusal = None, None
    try:
        async for piece in answering:
            if isinstance(piece, services.ChatAnswer):
                answer = piece
            else:
                yield format_html("<span>{}</span>", piece)
    except DomainError as error:
        refusal = error
    yield render_to_string(ANSWER, {"form": form, "answer": answer, "refusal": refusal})


def _variables(endpoint: Endpoint) -> list[str] | None:
    revision = endpoint.serving_revision or endpoint.revision
    prompt = revision.prompt_version if revision else None
    return list(prompt.variables) if prompt else None
