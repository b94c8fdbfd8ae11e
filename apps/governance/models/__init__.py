from apps.governance.models.access import AccessRequest
from apps.governance.models.approvals import Approval, ApprovalRequest
from apps.governance.models.audit import AuditEvent
from apps.governance.models.policies import Decision, Policy, PolicyVersion

__all__ = ["AccessRequest", "Approval", "ApprovalRequest", "AuditEvent", "Decision", "Policy", "PolicyVersion"]
