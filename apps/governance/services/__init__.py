"""Writes of governance: the one promotion path, approvals, policies, the audit trail."""

from apps.governance.services.access import ask_access, collect_key, withdraw_access_request
from apps.governance.services.audit import record_event
from apps.governance.services.batches import approve_batch, batch_digest, open_batch, reject_batch, withdraw_batch
from apps.governance.services.decisions import ask_policies, decide
from apps.governance.services.delegations import delegate_approvals, revoke_delegation
from apps.governance.services.emergencies import break_glass, review_emergency
from apps.governance.services.parts import parts_in
from apps.governance.services.policies import (
    activate_starter_policies,
    run_policy_tests,
    save_policy_draft,
    submit_policy,
)
from apps.governance.services.promotion import apply_transition, refuse_unless_allowed
from apps.governance.services.requests import open_request, request_move, subject_edited
from apps.governance.services.tallies import tally_about, tally_of
from apps.governance.services.verdicts import approve_request, execute_request, reject_request, withdraw_request

__all__ = [
    "activate_starter_policies",
    "apply_transition",
    "approve_batch",
    "approve_request",
    "ask_access",
    "ask_policies",
    "batch_digest",
    "break_glass",
    "collect_key",
    "decide",
    "delegate_approvals",
    "execute_request",
    "open_batch",
    "open_request",
    "parts_in",
    "record_event",
    "refuse_unless_allowed",
    "reject_batch",
    "reject_request",
    "request_move",
    "review_emergency",
    "revoke_delegation",
    "run_policy_tests",
    "save_policy_draft",
    "subject_edited",
    "submit_policy",
    "tally_about",
    "tally_of",
    "withdraw_access_request",
    "withdraw_batch",
    "withdraw_request",
]
