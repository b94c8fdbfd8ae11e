"""Pages of the audit trail."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render

from apps.core.web.lists import list_page
from apps.core.web.requests import HtmxHttpRequest
from apps.governance import selectors
from apps.governance.web import forms
from apps.governance.web.lists import narrowed


@login_required
def audit(request: HtmxHttpRequest) -> HttpResponse:
    form = forms.AuditFilter(request.GET)
    rows = selectors.visible_events(actor=request.user)
    if form.is_valid():
        asked = form.cleaned_data
        if asked["action"]:
            rows = rows.filter(action__startswith=asked["action"])
        if asked["actor"]:
            rows = rows.filter(actor_label__icontains=asked["actor"])
        rows = narrowed(rows, asked, label="subject_label")
    return render(request, "governance/audit.html", {"form": form, "page": list_page(request, rows)})
