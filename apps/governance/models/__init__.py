from apps.governance.models.approvals import Approval, ApprovalRequest
from apps.governance.models.audit import AuditEvent
from apps.governance.models.policies import Decision, Policy, PolicyVersion
from apps.governance.models.sealing import AuditAlarm, AuditCheckpoint, AuditCopy, AuditLeaf, AuditTile

__all__ = [
    "Approval",
    "ApprovalRequest",
    "AuditAlarm",
    "AuditCheckpoint",
    "AuditCopy",
    "AuditEvent",
    "AuditLeaf",
    "AuditTile",
    "Decision",
    "Policy",
    "PolicyVersion",
]
