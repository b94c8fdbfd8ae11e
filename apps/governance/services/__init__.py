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
from apps.governance.services.audit import record_event
from apps.governance.services.checks import check_policy, scope_of
from apps.governance.services.decisions import ask_policies, decide, requirements_of
from apps.governance.services.policies import (
    activate_starter_policies,
    run_policy_tests,
    save_policy_draft,
    submit_policy,
)
from apps.governance.services.promotion import apply_transition, refuse_unless_allowed
from apps.governance.services.replay import replay_policy
from apps.governance.services.waivers import revoke_waiver, save_waiver_draft, submit_waiver

__all__ = [
    "activate_starter_policies",
    "apply_transition",
    "approve_request",
    "ask_policies",
    "check_policy",
    "decide",
    "open_request",
    "parts_in",
    "record_event",
    "refuse_unless_allowed",
    "reject_request",
    "replay_policy",
    "request_move",
    "requirements_of",
    "revoke_waiver",
    "run_policy_tests",
    "save_policy_draft",
    "save_waiver_draft",
    "scope_of",
    "subject_edited",
    "submit_policy",
    "submit_waiver",
    "withdraw_request",
]
