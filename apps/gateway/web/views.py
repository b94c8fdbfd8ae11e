"""Pages of the gateway: trying a route."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from apps.accounts.permissions import Permission
from apps.accounts.selectors import require
from apps.core.errors import DomainError
from apps.core.web.requests import HtmxHttpRequest
from apps.gateway import services
from apps.gateway.web.forms import ChatForm
from apps.serving.models import Endpoint
from apps.serving.selectors import visible_endpoints
from apps.serving.states import EndpointStatus


@login_required
def chat(request: HtmxHttpRequest, route_name: str) -> HttpResponse:
    """A panel in which a person asks a route, as themselves; a POST gets the answer, or why there is none.

    The page of the endpoint asks for it and puts it in.
    """
    routes = visible_endpoints(actor=request.user).exclude(status=EndpointStatus.DELETED)
    endpoint = get_object_or_404(routes, route_name=route_name)
    require(request.user, Permission.USE, endpoint)
    form = ChatForm(request.POST or None, variables=_variables(endpoint))
    if request.method != "POST":
        return render(request, "gateway/chat.html", {"endpoint": endpoint, "form": form})
    answer, refusal = None, None
    if form.is_valid():
        try:
            answer = services.chat_as(actor=request.user, route=endpoint.route_name, **form.asked)
        except DomainError as error:
            refusal = error
    context = {"form": form, "answer": answer, "refusal": refusal}
    return render(request, "gateway/chat.html#answer", context, status=200 if answer else 422)


def _variables(endpoint: Endpoint) -> list[str] | None:
    revision = endpoint.serving_revision or endpoint.revision
    prompt = revision.prompt_version if revision else None
    return list(prompt.variables) if prompt else None
