from apps.governance.models.access import AccessRequest
from apps.governance.models.approvals import Approval, ApprovalBatch, ApprovalRequest
from apps.governance.models.audit import AuditEvent
from apps.governance.models.delegations import Delegation
from apps.governance.models.emergencies import EmergencyMove
from apps.governance.models.policies import Decision, Policy, PolicyVersion
from apps.governance.models.waivers import Waiver

__all__ = [
    "AccessRequest",
    "Approval",
    "ApprovalBatch",
    "ApprovalRequest",
    "AuditEvent",
    "Decision",
    "Delegation",
    "EmergencyMove",
    "Policy",
    "PolicyVersion",
    "Waiver",
]
