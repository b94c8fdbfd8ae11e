"""Pages of moves that were made by breaking the glass."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from apps.accounts.permissions import Permission
from apps.accounts.selectors import allows
from apps.core.errors import DomainError
from apps.core.web.lists import list_page
from apps.core.web.pages import needs
from apps.core.web.requests import HtmxHttpRequest
from apps.governance import selectors, services
from apps.governance.states import EmergencyVerdict
from apps.governance.web.forms import EmergencyReviewForm


@needs(Permission.READ)
def emergencies(request: HtmxHttpRequest) -> HttpResponse:
    page = list_page(request, selectors.visible_emergencies(actor=request.user))
    return render(request, "governance/emergencies.html", {"page": page})


@needs(Permission.READ, post=Permission.APPROVE)
def emergency(request: HtmxHttpRequest, emergency_id: UUID) -> HttpResponse:
    """One move past its gates; posting reviews it."""
    found = get_object_or_404(selectors.visible_emergencies(actor=request.user), pk=emergency_id)
    form = EmergencyReviewForm(request.POST or None, request=request)
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        verdict, comment = EmergencyVerdict(form.cleaned_data["verdict"]), form.cleaned_data["comment"]
        try:
            services.review_emergency(actor=request.user, emergency=found, verdict=verdict, comment=comment)
        except DomainError as error:
            refusal = error
        else:
            return redirect("governance:emergency", found.pk)
    may_review = (
        found.reviewed_at is None
        and found.actor_id != request.user.pk
        and allows(request.user, Permission.APPROVE, found)
    )
    context = {"emergency": found, "form": form, "refusal": refusal, "may_review": may_review}
    return render(request, "governance/emergency.html", context, status=422 if refusal or form.errors else 200)
