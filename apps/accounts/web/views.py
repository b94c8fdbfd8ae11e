"""One's own API keys."""

from uuid import UUID

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from apps.accounts import selectors, services
from apps.accounts.permissions import KNOWN_SCOPES
from apps.core.errors import DomainError
from apps.core.web.lists import list_page
from apps.core.web.requests import HtmxHttpRequest


class KeyForm(forms.Form):
    name = forms.CharField(max_length=100, help_text="What the key is for.")
    scopes = forms.MultipleChoiceField(
        choices=[(scope, f"{scope}: {meaning}") for scope, meaning in KNOWN_SCOPES.items()],
        widget=forms.CheckboxSelectMultiple,
        initial=["inference"],
    )
    expires_at = forms.DateTimeField(
        label="Expires",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        help_text="UTC; empty: it does not expire.",
    )


@login_required
@never_cache
def keys(request: HtmxHttpRequest) -> HttpResponse:
    """List, and make by posting; a new key is shown on this answer and never again."""
    form, made = KeyForm(request.POST or None), None
    if request.method == "POST" and form.is_valid():
        try:
            made = services.create_api_key(actor=request.user, **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            form = KeyForm()
    own = selectors.visible_keys(actor=request.user).filter(user=request.user)
    context = {"form": form, "made": made, "page": list_page(request, own)}
    return render(request, "accounts/keys.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def revoke_key(request: HtmxHttpRequest, key_id: UUID) -> HttpResponse:
    key = get_object_or_404(selectors.visible_keys(actor=request.user), pk=key_id)
    if key.is_live:
        services.revoke_api_key(actor=request.user, key=key)
    return redirect("accounts:keys")
