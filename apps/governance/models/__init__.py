from apps.governance.models.access import AccessRequest
from apps.governance.models.approvals import Approval, ApprovalBatch, ApprovalRequest
from apps.governance.models.audit import AuditEvent
from apps.governance.models.delegations import Delegation
from apps.governance.models.emergencies import EmergencyMove
from apps.governance.models.notices import Notice, NoticePreference, NoticeSending
from apps.governance.models.policies import Decision, Policy, PolicyVersion
from apps.governance.models.sealing import AuditAlarm, AuditCheckpoint, AuditCopy, AuditLeaf, AuditTile
from apps.governance.models.waivers import Waiver
from apps.governance.models.webhooks import WebhookCursor, WebhookDelivery, WebhookSubscription

__all__ = [
    "AccessRequest",
    "Approval",
    "ApprovalBatch",
    "ApprovalRequest",
    "AuditAlarm",
    "AuditCheckpoint",
    "AuditCopy",
    "AuditEvent",
    "AuditLeaf",
    "AuditTile",
    "Decision",
    "Delegation",
    "EmergencyMove",
    "Notice",
    "NoticePreference",
    "NoticeSending",
    "Policy",
    "PolicyVersion",
    "Waiver",
    "WebhookCursor",
    "WebhookDelivery",
    "WebhookSubscription",
]
