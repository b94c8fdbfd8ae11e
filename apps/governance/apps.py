from django.apps import AppConfig


class GovernanceConfig(AppConfig):
    """Registers policy versions as governed, and listens to what accounts announces."""

    name = "apps.governance"
    label = "governance"
    verbose_name = "Governance"

    def ready(self) -> None:
        from apps.accounts.signals import account_changed
        from apps.core.reconcile import register_reconciler
        from apps.governance import states
        from apps.governance.listeners import record_account_change
        from apps.governance.models import NoticeSending, PolicyVersion, WebhookSubscription
        from apps.governance.services.policies import replace_active_version
        from apps.governance.subjects import Subject, register_subject

        account_changed.connect(record_account_change, dispatch_uid="governance.record_account_change")
        register_reconciler(WebhookSubscription, "governance.send_webhooks")
        register_reconciler(NoticeSending, "governance.send_notice")
        register_subject(
            Subject(
                model=PolicyVersion,
                transitions=states.POLICY_TRANSITIONS,
                manifest=lambda version: {
                    "policy": version.policy.key,
                    "number": version.number,
                    "document_digest": version.digest,
                },
                people=lambda version: {version.created_by_id: "wrote"},
                page=lambda version: f"/governance/policies/{version.pk}",
                before_move=replace_active_version,
            )
        )
