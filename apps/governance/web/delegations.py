"""Pages of standing in for an approver."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from apps.accounts.permissions import Permission
from apps.accounts.selectors import teams_where, visible_people
from apps.core.errors import DomainError
from apps.core.web.lists import list_page
from apps.core.web.pages import needs
from apps.core.web.requests import HtmxHttpRequest
from apps.governance import selectors, services
from apps.governance.web.forms import DelegationForm


@needs(Permission.READ, post=Permission.APPROVE)
def delegations(request: HtmxHttpRequest) -> HttpResponse:
    """List who stands in for whom; posting adds somebody who stands in for the reader."""
    teams = teams_where(request.user, Permission.APPROVE)
    form = DelegationForm(request.POST or None, teams=teams)
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        delegate = visible_people(actor=request.user).filter(username=given.pop("delegate")).first()
        if delegate is None:
            form.add_error("delegate", "There is nobody of this name whom you share a team with.")
        else:
            try:
                services.delegate_approvals(actor=request.user, delegate=delegate, **given)
            except DomainError as error:
                refusal = error
            else:
                return redirect("governance:delegations")
    context = {
        "form": form,
        "refusal": refusal,
        "may_delegate": teams.exists(),
        "page": list_page(request, selectors.visible_delegations(actor=request.user)),
    }
    return render(request, "governance/delegations.html", context, status=422 if refusal or form.errors else 200)


@needs(post=Permission.READ)
def revoke(request: HtmxHttpRequest, delegation_id: UUID) -> HttpResponse:
    found = get_object_or_404(selectors.visible_delegations(actor=request.user), pk=delegation_id)
    services.revoke_delegation(actor=request.user, delegation=found)
    return redirect("governance:delegations")
