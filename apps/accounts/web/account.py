"""One's own account: what one may do, and where from."""

from django.contrib.auth import views as auth
from django.db import transaction
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import render

from apps.accounts import selectors, services
from apps.accounts.permissions import ROLE_ALLOWS, Role
from apps.accounts.selectors.team import own_memberships
from apps.core.doors import SIGNED_IN
from apps.core.web.pages import needs
from apps.core.web.requests import HtmxHttpRequest


@needs(SIGNED_IN)
def account(request: HtmxHttpRequest) -> HttpResponse:
    """My roles, by what they are held on; my teams; my keys and requests."""
    held = [(each, sorted(ROLE_ALLOWS[Role(each.role)])) for each in own_memberships(request.user)]
    keys = selectors.visible_keys(actor=request.user).filter(user=request.user)
    context = {
        "held": held,
        "teams": selectors.visible_teams(actor=request.user).select_related("organisation"),
        "live_keys": keys.live().count(),
    }
    return render(request, "accounts/account.html", context)


class PasswordChange(auth.PasswordChangeView):
    """Changing one's own password; the trail is told that, in the same transaction."""

    @transaction.atomic
    def form_valid(self, form: Form) -> HttpResponse:
        answer = super().form_valid(form)
        services.note_new_password(actor=self.request.user, person=self.request.user)
        return answer
