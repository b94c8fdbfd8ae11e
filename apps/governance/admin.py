"""Governance in the Django admin: to look at. Its rows are written by its services alone."""

from django.contrib import admin

from apps.core.admin import ReadOnlyAdmin
from apps.governance.models import (
    AccessRequest,
    Approval,
    ApprovalBatch,
    ApprovalRequest,
    AuditAlarm,
    AuditCheckpoint,
    AuditCopy,
    AuditEvent,
    Decision,
    Delegation,
    EmergencyMove,
    Policy,
    PolicyVersion,
    Waiver,
    WebhookDelivery,
    WebhookSubscription,
)


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    list_display = ("at", "actor_label", "action", "subject_label", "team", "reason")
    list_filter = ("action",)
    list_select_related = ("team",)
    search_fields = ("actor_label", "subject_label", "action")


@admin.register(AuditCheckpoint)
class AuditCheckpointAdmin(ReadOnlyAdmin):
    list_display = ("size", "at")


@admin.register(AuditCopy)
class AuditCopyAdmin(ReadOnlyAdmin):
    list_display = ("name", "kind", "size", "copied_at", "failures", "error")


@admin.register(AuditAlarm)
class AuditAlarmAdmin(ReadOnlyAdmin):
    list_display = ("raised_at", "source", "message", "cleared_at")


@admin.register(Decision)
class DecisionAdmin(ReadOnlyAdmin):
    list_display = ("at", "allowed", "transition", "subject_label", "actor", "latency_us")
    list_filter = ("allowed", "transition")
    list_select_related = ("actor",)


@admin.register(ApprovalRequest)
class ApprovalRequestAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "transition", "subject_label", "status", "requester", "owner_team")
    list_filter = ("status",)
    list_select_related = ("requester", "owner_team")


@admin.register(Approval)
class ApprovalAdmin(ReadOnlyAdmin):
    list_display = ("at", "approver", "verdict", "request", "voided_at")
    list_select_related = ("approver", "request")


@admin.register(Policy)
class PolicyAdmin(ReadOnlyAdmin):
    list_display = ("key", "title", "owner_team")
    list_select_related = ("owner_team",)


@admin.register(PolicyVersion)
class PolicyVersionAdmin(ReadOnlyAdmin):
    list_display = ("policy", "number", "status", "mode", "created_by", "created_at")
    list_filter = ("status", "mode")
    list_select_related = ("policy", "created_by")


@admin.register(AccessRequest)
class AccessRequestAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "wish", "status", "requester", "owner_team", "project")
    list_filter = ("status", "kind")
    list_select_related = ("requester", "owner_team", "project__team")


@admin.register(ApprovalBatch)
class ApprovalBatchAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "transition", "reason", "requester", "owner_team")
    list_select_related = ("requester", "owner_team")


@admin.register(Delegation)
class DelegationAdmin(ReadOnlyAdmin):
    list_display = ("delegate", "delegator", "team", "starts_at", "ends_at", "revoked_at")
    list_select_related = ("delegate", "delegator", "team")


@admin.register(EmergencyMove)
class EmergencyMoveAdmin(ReadOnlyAdmin):
    list_display = ("at", "transition", "subject_label", "actor", "verdict", "reviewed_by", "owner_team")
    list_select_related = ("actor", "reviewed_by", "owner_team")


@admin.register(Waiver)
class WaiverAdmin(ReadOnlyAdmin):
    list_display = ("policy_key", "rule", "subject_label", "status", "expires_at", "owner_team", "created_by")
    list_filter = ("status",)
    list_select_related = ("owner_team", "created_by")


@admin.register(WebhookSubscription)
class WebhookSubscriptionAdmin(ReadOnlyAdmin):
    list_display = ("name", "owner_team", "is_enabled", "failing_since", "last_delivered_at", "created_by")
    list_filter = ("is_enabled",)
    list_select_related = ("owner_team", "created_by")
    exclude = ("secret", "old_secret")  # sealed, and nobody's to look at


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "event_type", "subscription", "status", "attempts", "answer_status")
    list_filter = ("status",)
    list_select_related = ("subscription",)
