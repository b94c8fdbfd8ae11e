"""Pages of the audit trail: its list, one event, and how far it is sealed."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from apps.accounts.permissions import Permission
from apps.core.web.lists import list_page
from apps.core.web.pages import needs
from apps.core.web.requests import HtmxHttpRequest
from apps.governance import outside, proofs, selectors, services
from apps.governance.checking import verification_of
from apps.governance.models import AuditEvent
from apps.governance.web.audit_filters import AuditFilter


@needs(Permission.AUDIT)
def audit(request: HtmxHttpRequest) -> HttpResponse:
    """The trail; of one object, when `?object=` names one, as a timeline."""
    selectors.require_auditor(actor=request.user)
    form = AuditFilter(request.GET, actor=request.user)
    rows = selectors.filtered_events(actor=request.user, asked=form.asked)
    services.record_read(actor=request.user, subject=request.user, what="audit_log")
    page = list_page(request, rows)
    context = {
        "form": form,
        "page": page,
        "about": page.rows[0] if page and form.asked.get("subject_id") else None,
        "export": form.as_query,
        "seal": proofs.seal_state(),
        "key": outside.signer().verifier_key,
    }
    return render(request, "governance/audit.html", context)


@needs(Permission.AUDIT)
def audit_state(request: HtmxHttpRequest) -> HttpResponse:
    """How far the sealing is, for the page that shows it to ask again."""
    selectors.require_auditor(actor=request.user)
    return render(request, "governance/audit.html#seal_state", {"seal": proofs.seal_state()})


@needs(Permission.AUDIT)
def audit_event(request: HtmxHttpRequest, event_id: UUID) -> HttpResponse:
    """One event: what it says, and whether it is what was sealed."""
    event = _found(request, event_id)
    services.record_read(actor=request.user, subject=request.user, what="audit_log")
    context = {"event": event, "checked": verification_of(event), "key": outside.signer().verifier_key}
    return render(request, "governance/audit_event.html", context)


@needs(Permission.AUDIT)
def verification(request: HtmxHttpRequest, event_id: UUID) -> HttpResponse:
    """The same check, made again."""
    event = _found(request, event_id)
    if not request.htmx:
        return audit_event(request, event_id)
    context = {"event": event, "checked": verification_of(event)}
    return render(request, "governance/audit_event.html#verification", context)


def _found(request: HtmxHttpRequest, event_id: UUID) -> AuditEvent:
    return get_object_or_404(selectors.visible_events(actor=request.user), pk=event_id)
