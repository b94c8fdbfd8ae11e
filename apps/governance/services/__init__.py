"""Writes of governance: the one promotion path, approvals, policies, the audit trail."""

from apps.governance.services.approvals import (
    approve_request,
    open_request,
    parts_in,
    reject_request,
    request_move,
    subject_edited,
    withdraw_request,
)
from apps.governance.services.audit import record_event, record_read
from apps.governance.services.decisions import ask_policies, decide
from apps.governance.services.policies import (
    activate_starter_policies,
    run_policy_tests,
    save_policy_draft,
    submit_policy,
)
from apps.governance.services.promotion import apply_transition, refuse_unless_allowed

__all__ = [
    "activate_starter_policies",
    "apply_transition",
    "approve_request",
    "ask_policies",
    "decide",
    "open_request",
    "parts_in",
    "record_event",
    "record_read",
    "refuse_unless_allowed",
    "reject_request",
    "request_move",
    "run_policy_tests",
    "save_policy_draft",
    "subject_edited",
    "submit_policy",
    "withdraw_request",
]
