"""Reads of governance: what an actor may see of requests, decisions, policies and the audit trail."""

from collections.abc import Iterable
from typing import Any, TypeVar
from uuid import UUID

from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.permissions import Permission
from apps.accounts.selectors import denied_ids, require_somewhere, visible_to, whole_of
from apps.governance.models import (
    AccessRequest,
    Approval,
    ApprovalBatch,
    ApprovalRequest,
    AuditEvent,
    Decision,
    Delegation,
    EmergencyMove,
    Notice,
    NoticePreference,
    PolicyVersion,
    Waiver,
    WebhookDelivery,
    WebhookSubscription,
)
from apps.governance.states import RequestStatus, Verdict
from apps.governance.subjects import all_subjects, team_of

M = TypeVar("M", bound=models.Model)


def visible_requests(*, actor: User) -> QuerySet[ApprovalRequest]:
    """Requests about things of teams where `actor` may read, newest first."""
    given = Count("approvals", filter=Q(approvals__verdict=Verdict.APPROVE, approvals__voided_at__isnull=True))
    requests = ApprovalRequest.objects.select_related("requester", "owner_team", "project", "subject_type", "decision")
    # Said again: Django drops the order of Meta where rows are grouped.
    counted = requests.annotate(approvals_given=given).order_by("-pk")
    return _without_denied(actor, visible_to(actor, counted))


def filtered_requests(
    *, actor: User, status: str | None = None, subject_id: UUID | None = None, mine: bool = False
) -> QuerySet[ApprovalRequest]:
    """Visible requests by status and subject; with `mine`, only those that wait for `actor`."""
    requests = inbox(actor=actor) if mine else visible_requests(actor=actor)
    if status:
        requests = requests.filter(status=status)
    return requests.filter(subject_id=subject_id) if subject_id else requests


def filtered_events(*, actor: User, asked: dict[str, Any]) -> QuerySet[AuditEvent]:
    """Visible audit events by actor, action (or its beginning), subject, team and time."""
    lookups = {
        "actor": "actor__username",
        "who": "actor_label__icontains",
        "action": "action__startswith",
        "subject_kind": "subject_type__model",
        "subject_id": "subject_id",
        "team": "team__slug",
        "q": "subject_label__icontains",
        "since": "at__gte",
        "until": "at__lt",
    }
    wanted = {lookups[name]: value for name, value in asked.items()}
    return visible_events(actor=actor).filter(**wanted)


def visible_access_requests(*, actor: User) -> QuerySet[AccessRequest]:
    """What `actor` has asked for, and what was asked for on scopes where they may read, newest first."""
    requests = AccessRequest.objects.select_related("requester", "beneficiary", "owner_team", "project")
    return requests.filter(Q(requester=actor) | Q(pk__in=visible_to(actor, AccessRequest.objects.all()).values("pk")))


def sees_request(actor: User, request: ApprovalRequest) -> bool:
    """Tell whether `actor` may open the page of an approval request."""
    return visible_requests(actor=actor).filter(pk=request.pk).exists()


def inbox(*, actor: User) -> QuerySet[ApprovalRequest]:
    """Open requests that wait for a verdict `actor` could give; own requests are not among them."""
    mine = Approval.objects.filter(approver=actor, voided_at__isnull=True).values("request_id")
    requests = visible_requests(actor=actor).filter(status=RequestStatus.OPEN)
    own = visible_to(actor, ApprovalRequest.objects.order_by(), Permission.APPROVE).values("pk")
    standing_in = Delegation.objects.in_force().filter(delegate=actor).values("team")
    waiting = requests.filter(Q(pk__in=own) | Q(owner_team__in=standing_in))
    return waiting.exclude(requester=actor).exclude(pk__in=mine)


def visible_batches(*, actor: User) -> QuerySet[ApprovalBatch]:
    """Batches of teams where `actor` may read, newest first, with the number of their requests, and of open ones."""
    is_open = Count("requests", filter=Q(requests__status=RequestStatus.OPEN))
    batches = ApprovalBatch.objects.select_related("requester", "owner_team")
    return visible_to(actor, batches.annotate(size=Count("requests"), open=is_open).order_by("-pk"))


def visible_delegations(*, actor: User) -> QuerySet[Delegation]:
    """Who stands in for whom, on teams where `actor` may read."""
    return visible_to(actor, Delegation.objects.select_related("delegator", "delegate", "team"))


def visible_emergencies(*, actor: User) -> QuerySet[EmergencyMove]:
    """Moves made by breaking the glass, of teams where `actor` may read."""
    moves = EmergencyMove.objects.select_related("actor", "owner_team", "subject_type", "decision", "reviewed_by")
    return _without_denied(actor, visible_to(actor, moves))


def visible_decisions(*, actor: User) -> QuerySet[Decision]:
    """Policy decisions about things of teams where `actor` may read."""
    decided = Decision.objects.select_related("actor", "team", "subject_type")
    return _without_denied(actor, visible_to(actor, decided))


def visible_events(*, actor: User) -> QuerySet[AuditEvent]:
    """Audit events of teams whose trail `actor` may read."""
    events = AuditEvent.objects.select_related("actor", "team", "subject_type", "leaf")
    return _without_denied(actor, visible_to(actor, events, Permission.AUDIT))


def require_auditor(*, actor: User) -> None:
    """Refuse who may read the trail of no team: what is said of the log as a whole is for auditors.

    Raises:
        PermissionRefusedError: `actor` may not read any.
    """
    require_somewhere(actor, Permission.AUDIT)


def events_about(subject: models.Model) -> QuerySet[AuditEvent]:
    """The trail of one object, oldest first; the caller has checked that the object may be seen."""
    kind = ContentType.objects.get_for_model(subject)
    return (
        AuditEvent.objects.filter(subject_type=kind, subject_id=subject.pk)
        .select_related("actor", "leaf")
        .order_by("pk")
    )


def requests_about(subject: models.Model) -> QuerySet[ApprovalRequest]:
    """The requests about one object, newest first, with their verdicts."""
    kind = ContentType.objects.get_for_model(subject)
    requests = ApprovalRequest.objects.filter(subject_type=kind, subject_id=subject.pk)
    return requests.select_related("requester", "decision").prefetch_related("approvals__approver")


def waiting_request(model: type[models.Model]) -> Subquery:
    """Return what annotates objects of `model` that the caller may see with the id of the open request about each."""
    kind = ContentType.objects.get_for_model(model)
    about = ApprovalRequest.objects.filter(subject_type=kind, subject_id=OuterRef("pk"), status=RequestStatus.OPEN)
    return Subquery(about.values("pk")[:1])


def decisions_about(subject: models.Model) -> QuerySet[Decision]:
    """The policy decisions about one object, newest first."""
    kind = ContentType.objects.get_for_model(subject)
    return Decision.objects.filter(subject_type=kind, subject_id=subject.pk).select_related("actor")


def visible_policies(*, actor: User) -> QuerySet[PolicyVersion]:
    """Policy versions, newest first. Rules bind everybody, so everybody who is signed in may read those in force."""
    versions = PolicyVersion.objects.select_related("policy", "owner_team", "created_by")
    mine = visible_to(actor, PolicyVersion.objects.all()).values("pk")
    return versions.filter(Q(status="active") | Q(pk__in=mine))


def filtered_policies(*, actor: User, key: str = "", status: str = "", digest: str = "") -> QuerySet[PolicyVersion]:
    """Visible policy versions by the id of their documents, status and digest."""
    asked = {"policy__key": key, "status": status, "digest": digest}
    return visible_policies(actor=actor).filter(**{lookup: value for lookup, value in asked.items() if value})


def filtered_waivers(*, actor: User, asked: dict[str, Any]) -> QuerySet[Waiver]:
    """Visible waivers by status, policy and object."""
    lookups = {"status": "status", "policy": "policy_key", "subject_id": "subject_id"}
    return visible_waivers(actor=actor).filter(**{lookups[name]: value for name, value in asked.items()})


def visible_waivers(*, actor: User) -> QuerySet[Waiver]:
    """Waivers of teams where `actor` may read, newest first."""
    waivers = Waiver.objects.select_related("owner_team", "created_by", "subject_type")
    return _without_denied(actor, visible_to(actor, waivers))


def waivers_for(subject: models.Model, *, policies: Iterable[str]) -> QuerySet[Waiver]:
    """The waivers in force now for `subject`, by itself or as one of its kind; those for itself first."""
    kind = ContentType.objects.get_for_model(subject)
    about = Q(subject_id=subject.pk) | Q(subject_id__isnull=True, owner_team=team_of(subject))
    waivers = Waiver.objects.in_force(timezone.now()).filter(about, subject_type=kind, policy_key__in=policies)
    return waivers.order_by(models.F("subject_id").asc(nulls_last=True), "-expires_at")


def _without_denied(actor: User, rows: QuerySet[M]) -> QuerySet[M]:
    """Leave out rows about objects that a grant denies `actor` to see: a role on the team does not undo that.

    What is denied of a whole is denied of its parts, such as of an endpoint's revisions.
    """
    for subject in all_subjects():
        whole = whole_of(subject.model)
        if getattr(whole, "GRANTS", None) is None:
            continue
        denied = denied_ids(actor, whole)
        rows = rows.exclude(subject_type=ContentType.objects.get_for_model(whole), subject_id__in=denied)
        if whole is not subject.model:
            parts = subject.model._default_manager.filter(**{f"{subject.model.PART_OF}__in": denied}).values("pk")  # type: ignore[attr-defined]
            rows = rows.exclude(subject_type=ContentType.objects.get_for_model(subject.model), subject_id__in=parts)
    return rows


def visible_webhooks(*, actor: User) -> QuerySet[WebhookSubscription]:
    """Webhooks of teams whose audit trail `actor` may read: they say what of it goes where."""
    webhooks = WebhookSubscription.objects.select_related("owner_team", "created_by")
    return visible_to(actor, webhooks, Permission.AUDIT)


def visible_deliveries(*, actor: User) -> QuerySet[WebhookDelivery]:
    """Deliveries of visible webhooks, newest first; of events that a grant denies `actor` to see, none."""
    deliveries = WebhookDelivery.objects.select_related("subscription", "event", "event__subject_type")
    of_tests = Q(event__isnull=True)
    seen = Q(event__in=visible_events(actor=actor).values("pk"))
    return visible_to(actor, deliveries, Permission.AUDIT).filter(of_tests | seen)


def visible_notices(*, actor: User) -> QuerySet[Notice]:
    """The actor's own notices, newest first. Nobody reads those of others, superusers included."""
    return Notice.objects.filter(user=actor)


def unread_notices(*, actor: User) -> QuerySet[Notice]:
    return visible_notices(actor=actor).filter(read_at__isnull=True)


def notice_preference(*, actor: User) -> NoticePreference:
    """How the actor wants to be told; the default where nothing was said."""
    return NoticePreference.objects.filter(user=actor).first() or NoticePreference(user=actor)
