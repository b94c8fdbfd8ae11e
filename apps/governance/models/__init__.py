from apps.governance.models.approvals import Approval, ApprovalRequest
from apps.governance.models.audit import AuditEvent
from apps.governance.models.notices import Notice, NoticePreference, NoticeSending
from apps.governance.models.policies import Decision, Policy, PolicyVersion
from apps.governance.models.webhooks import WebhookCursor, WebhookDelivery, WebhookSubscription

__all__ = [
    "Approval",
    "ApprovalRequest",
    "AuditEvent",
    "Decision",
    "Notice",
    "NoticePreference",
    "NoticeSending",
    "Policy",
    "PolicyVersion",
    "WebhookCursor",
    "WebhookDelivery",
    "WebhookSubscription",
]
