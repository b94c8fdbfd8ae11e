"""One's own API keys."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache

from apps.accounts import selectors, services
from apps.accounts.services import NewKey
from apps.accounts.web.forms import KeyForm, RotateForm
from apps.accounts.web.posted import posted
from apps.core.doors import SIGNED_IN
from apps.core.errors import DomainError
from apps.core.web.lists import list_page
from apps.core.web.pages import needs
from apps.core.web.requests import HtmxHttpRequest


@needs(SIGNED_IN, post=SIGNED_IN)
@never_cache
def keys(request: HtmxHttpRequest) -> HttpResponse:
    """List, and make by posting; a new key is shown on this answer and never again."""
    form = KeyForm(request.POST or None)
    made: list[NewKey] = []
    if request.method == "POST" and posted(
        form, lambda: made.append(services.create_api_key(actor=request.user, **form.cleaned_data))
    ):
        form = KeyForm()
    return render_keys(request, form, made=made[0] if made else None)


@needs(post=SIGNED_IN)
@never_cache
def rotate_key(request: HtmxHttpRequest, key_id: UUID) -> HttpResponse:
    """Make the key that follows one; it is shown on this answer and never again."""
    key = get_object_or_404(selectors.visible_keys(actor=request.user), pk=key_id)
    form = RotateForm(request.POST)
    made: list[NewKey] = []
    posted(form, lambda: made.append(services.rotate_api_key(actor=request.user, key=key, **form.cleaned_data)))
    refusal = None if made else " ".join(reason for reasons in form.errors.values() for reason in reasons)
    return render_keys(request, KeyForm(), made=made[0] if made else None, refusal=refusal)


@needs(post=SIGNED_IN)
def revoke_key(request: HtmxHttpRequest, key_id: UUID) -> HttpResponse:
    key = get_object_or_404(selectors.visible_keys(actor=request.user), pk=key_id)
    try:
        services.revoke_api_key(actor=request.user, key=key)
    except DomainError as error:  # somebody was faster, and it is revoked as was wanted
        return render_keys(request, KeyForm(), refusal=str(error))
    return redirect("accounts:team", key.user.team.slug) if key.user.team else redirect("accounts:keys")


def render_keys(
    request: HtmxHttpRequest, form: KeyForm, *, made: NewKey | None = None, refusal: str | None = None
) -> HttpResponse:
    own = selectors.visible_keys(actor=request.user).filter(user=request.user).select_related("replaced_by")
    context = {
        "form": form,
        "rotate_form": RotateForm(),
        "made": made,
        "refusal": refusal,
        "page": list_page(request, own),
    }
    return render(request, "accounts/keys.html", context, status=422 if form.errors or refusal else 200)
