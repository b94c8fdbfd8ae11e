"""Granting and denying on the "access" tab of an object's page; both lead back to it."""

from uuid import UUID

from django.contrib import messages
from django.db import models
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect

from apps.accounts import services
from apps.accounts.access import grantable_model
from apps.accounts.grant_form import GrantForm
from apps.accounts.permissions import Permission
from apps.accounts.selectors import visible_to
from apps.accounts.selectors.objects import grant_model_of
from apps.accounts.web.posted import posted
from apps.core.errors import DomainError
from apps.core.web.pages import needs
from apps.core.web.requests import HtmxHttpRequest


@needs(post=Permission.MANAGE)
def grant(request: HtmxHttpRequest, kind: str, object_id: UUID) -> HttpResponse:
    subject = _subject(request, kind, object_id)
    form = GrantForm(request.POST)
    if not posted(form, lambda: services.grant_access(actor=request.user, subject=subject, **form.cleaned_data)):
        for reasons in form.errors.values():
            messages.error(request, " ".join(reasons))
    return redirect(f"{subject.get_absolute_url()}?tab=access")  # type: ignore[attr-defined]  # it has a page


@needs(post=Permission.MANAGE)
def revoke(request: HtmxHttpRequest, kind: str, object_id: UUID, grant_id: int) -> HttpResponse:
    subject = _subject(request, kind, object_id)
    grants = grant_model_of(type(subject)).objects.filter(content_object=subject)
    try:
        services.revoke_grant(actor=request.user, grant=get_object_or_404(grants, pk=grant_id))
    except DomainError as error:
        messages.error(request, str(error))
    return redirect(f"{subject.get_absolute_url()}?tab=access")  # type: ignore[attr-defined]  # it has a page


def _subject(request: HtmxHttpRequest, kind: str, object_id: UUID) -> models.Model:
    return get_object_or_404(visible_to(request.user, grantable_model(kind)._default_manager.all()), pk=object_id)
