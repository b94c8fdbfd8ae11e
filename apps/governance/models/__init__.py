from apps.governance.models.approvals import Approval, ApprovalRequest
from apps.governance.models.audit import AuditEvent
from apps.governance.models.policies import Decision, Policy, PolicyVersion
from apps.governance.models.waivers import Waiver

__all__ = ["Approval", "ApprovalRequest", "AuditEvent", "Decision", "Policy", "PolicyVersion", "Waiver"]
