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
from apps.governance.services.decisions import ask_policies, decide
from apps.governance.services.notices import (
    forget_old_notices,
    mark_read,
    notify,
    send_notice,
    set_notice_preference,
)
from apps.governance.services.policies import (
    activate_starter_policies,
    run_policy_tests,
    save_policy_draft,
    submit_policy,
)
from apps.governance.services.promotion import apply_transition, refuse_unless_allowed
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
    "activate_starter_policies",
    "apply_transition",
    "approve_request",
    "ask_policies",
    "create_webhook",
    "decide",
    "delete_webhook",
    "disable_webhook",
    "dispatch_events",
    "forget_old_deliveries",
    "forget_old_notices",
    "mark_read",
    "notify",
    "open_request",
    "parts_in",
    "ping_webhook",
    "record_event",
    "refuse_unless_allowed",
    "reject_request",
    "replay_delivery",
    "replay_events",
    "request_move",
    "rotate_webhook_secret",
    "run_policy_tests",
    "save_policy_draft",
    "send_due",
    "send_notice",
    "set_notice_preference",
    "subject_edited",
    "submit_policy",
    "update_webhook",
    "withdraw_request",
]
