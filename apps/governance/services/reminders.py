"""Telling people that something waits for them: reminders of open requests, escalation of late ones, emergencies."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from apps.accounts.permissions import Permission, Role
from apps.accounts.selectors import people_holding, people_with
from apps.core.errors import NotFoundError
from apps.governance.models import ApprovalRequest, EmergencyMove
from apps.governance.services.notices import notify
from apps.governance.services.parts import parts_in
from apps.governance.states import RequestStatus

REMIND_EVERY = timedelta(days=1)
AT_ONCE_MAX = 200
# Whom a request goes to as well once it is late: those who can see to it that somebody decides.
ESCALATED_TO = (Role.MANAGER, Role.RISK_OFFICER)


def remind(*, now: datetime | None = None) -> int:
    """Send every reminder that has come due; return how many things they were about. Safe to run twice and at once."""
    moment = now or timezone.now()
    return _remind_of_requests(moment) + _remind_of_emergencies(moment)


@transaction.atomic
def _remind_of_requests(now: datetime) -> int:
    due = (
        ApprovalRequest.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(status=RequestStatus.OPEN, remind_at__lte=now)
        .select_related("requester", "owner_team")
        .order_by("remind_at")[:AT_ONCE_MAX]
    )
    for request in due:
        _remind_of_request(request, now)
        request.remind_at = now + REMIND_EVERY
        request.save(update_fields=["remind_at"])
    return len(due)


def _remind_of_request(request: ApprovalRequest, now: datetime) -> None:
    try:
        subject = request.subject()
    except NotFoundError:  # nothing is left to decide on
        return
    is_late = request.due_at is not None and request.due_at <= now
    scope = (request.owner_team_id, request.project_id)
    users = people_with(Permission.APPROVE, *scope)
    if is_late:
        users = users | people_holding(ESCALATED_TO, *scope)
    parts = parts_in(request, subject)
    notify(
        users=[user for user in users.distinct() if user.pk not in parts],
        kind="approval.late" if is_late else "approval.reminder",
        title=f"{request.subject_label} {'is overdue for' if is_late else 'waits for'} a decision",
        body=f"{request.requester.label} asked: {request.reason}",
        url=f"/governance/approvals/{request.pk}/",
        subject=request,
        dedupe_key=f"approval:{request.pk}:{request.remind_at:%Y%m%dT%H%M}",
    )


@transaction.atomic
def _remind_of_emergencies(now: datetime) -> int:
    due = (
        EmergencyMove.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(reviewed_at__isnull=True, remind_at__lte=now)
        .select_related("actor", "owner_team")[:AT_ONCE_MAX]
    )
    for emergency in due:
        tell_of_emergency(emergency, again=True)
        emergency.remind_at = now + REMIND_EVERY
        emergency.save(update_fields=["remind_at"])
    return len(due)


def tell_of_emergency(emergency: EmergencyMove, *, again: bool = False) -> None:
    """Tell everybody who may approve on the team, managers included, that the glass was broken. In a transaction."""
    scope, turn = (emergency.owner_team_id, emergency.project_id), f"{emergency.remind_at:%Y%m%dT%H%M}" if again else ""
    users = people_with(Permission.APPROVE, *scope) | people_holding([Role.MANAGER], *scope)
    notify(
        users=[user for user in users.distinct() if user.pk != emergency.actor_id],
        kind="break_glass.review" if again else "break_glass",
        title=f"{emergency.actor.label} broke the glass for {emergency.subject_label}",
        body=f"{emergency.reason} It is to be reviewed until {emergency.review_due_at:%Y-%m-%d %H:%M} UTC.",
        url=f"/governance/emergencies/{emergency.pk}/",
        subject=emergency,
        dedupe_key=f"emergency:{emergency.pk}:{turn}",
    )
