"""Writes of governance: the one promotion path, approvals, policies, the audit trail."""

from apps.governance.services.access import ask_access, collect_key, withdraw_access_request
from apps.governance.services.audit import record_event, record_read
from apps.governance.services.batches import approve_batch, batch_digest, open_batch, reject_batch, withdraw_batch
from apps.governance.services.changes import Outcome, make_or_ask
from apps.governance.services.checks import check_policy, scope_of
from apps.governance.services.decisions import ask_policies, decide, requirements_of
from apps.governance.services.delegations import delegate_approvals, revoke_delegation
from apps.governance.services.emergencies import break_glass, review_emergency
from apps.governance.services.notices import (
    forget_old_notices,
    mark_read,
    notify,
    send_notice,
    set_notice_preference,
)
from apps.governance.services.parts import parts_in
from apps.governance.services.policies import (
    activate_starter_policies,
    run_policy_tests,
    save_policy_draft,
    submit_policy,
)
from apps.governance.services.promotion import apply_transition, refuse_unless_allowed
from apps.governance.services.reminders import remind
from apps.governance.services.replay import replay_policy
from apps.governance.services.requests import open_request, request_move, subject_edited
from apps.governance.services.tallies import tally_about, tally_of
from apps.governance.services.verdicts import approve_request, execute_request, reject_request, withdraw_request
from apps.governance.services.waivers import revoke_waiver, save_waiver_draft, submit_waiver
from apps.governance.services.webhooks import (
    NewSecret,
    create_webhook,
    delete_webhook,
    disable_webhook,
    dispatch_events,
    forget_old_deliveries,
    ping_webhook,
    replay_delivery,
    replay_events,
    rotate_webhook_secret,
    send_due,
    update_webhook,
)

__all__ = [
    "NewSecret",
    "Outcome",
    "activate_starter_policies",
    "apply_transition",
    "approve_batch",
    "approve_request",
    "ask_access",
    "ask_policies",
    "batch_digest",
    "break_glass",
    "check_policy",
    "collect_key",
    "create_webhook",
    "decide",
    "delegate_approvals",
    "delete_webhook",
    "disable_webhook",
    "dispatch_events",
    "execute_request",
    "forget_old_deliveries",
    "forget_old_notices",
    "make_or_ask",
    "mark_read",
    "notify",
    "open_batch",
    "open_request",
    "parts_in",
    "ping_webhook",
    "record_event",
    "record_read",
    "refuse_unless_allowed",
    "reject_batch",
    "reject_request",
    "remind",
    "replay_delivery",
    "replay_events",
    "replay_policy",
    "request_move",
    "requirements_of",
    "review_emergency",
    "revoke_delegation",
    "revoke_waiver",
    "rotate_webhook_secret",
    "run_policy_tests",
    "save_policy_draft",
    "save_waiver_draft",
    "scope_of",
    "send_due",
    "send_notice",
    "set_notice_preference",
    "subject_edited",
    "submit_policy",
    "submit_waiver",
    "tally_about",
    "tally_of",
    "update_webhook",
    "withdraw_access_request",
    "withdraw_batch",
    "withdraw_request",
]
