"""One's own notices."""

from uuid import UUID

from django import forms
from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme

from apps.core.doors import SIGNED_IN
from apps.core.web.lists import list_page
from apps.core.web.pages import needs
from apps.core.web.requests import HtmxHttpRequest
from apps.core.web.tones import Look
from apps.governance import selectors, services
from apps.governance.web.forms import ANY

# By the scope of a notice's kind.
LOOKS = {
    "approval": Look("info", "badge-check"),
    "break_glass": Look("bad", "shield-alert"),
    "webhook": Look("warn", "webhook"),
}
OTHER = Look("neutral", "bell")


class NoticeFilter(forms.Form):
    show = forms.ChoiceField(choices=[ANY, ("unread", "Unread")], required=False)


class PreferenceForm(forms.Form):
    by_email = forms.BooleanField(label="Tell me by email too", required=False)


@needs(SIGNED_IN)
def notices(request: HtmxHttpRequest) -> HttpResponse:
    form = NoticeFilter(request.GET)
    only_unread = form.is_valid() and form.cleaned_data["show"] == "unread"
    chosen = selectors.unread_notices if only_unread else selectors.visible_notices
    page = list_page(request, chosen(actor=request.user))
    preference = selectors.notice_preference(actor=request.user)
    context = {
        "form": form,
        "page": page,
        "rows": [(notice, LOOKS.get(notice.kind.partition(".")[0], OTHER)) for notice in page.rows],
        "has_unread": any(notice.read_at is None for notice in page.rows),
        "preference_form": PreferenceForm(initial={"by_email": preference.by_email}),
        "sends_email": settings.NOTICES["by_email"],
    }
    return render(request, "governance/notices.html", context)


@needs(post=SIGNED_IN)
def open_notice(request: HtmxHttpRequest, notice_id: UUID) -> HttpResponse:
    """Mark a notice as read and go to what it is about. By POST, since a link that is merely fetched reads nothing."""
    own = selectors.visible_notices(actor=request.user)
    notice = get_object_or_404(own, pk=notice_id)
    services.mark_read(actor=request.user, notices=own.filter(pk=notice.pk))
    is_ours = url_has_allowed_host_and_scheme(notice.url, allowed_hosts=None)
    return redirect(notice.url) if notice.url and is_ours else redirect("governance:notices")


@needs(post=SIGNED_IN)
def read_all(request: HtmxHttpRequest) -> HttpResponse:
    services.mark_read(actor=request.user, notices=selectors.unread_notices(actor=request.user))
    return redirect("governance:notices")


@needs(post=SIGNED_IN)
def preference(request: HtmxHttpRequest) -> HttpResponse:
    form = PreferenceForm(request.POST)
    if form.is_valid():
        services.set_notice_preference(actor=request.user, **form.cleaned_data)
    return redirect("governance:notices")
