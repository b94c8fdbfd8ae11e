from django.apps import AppConfig


class GovernanceConfig(AppConfig):
    """Registers policy versions as governed, and listens to what accounts announces."""

    name = "apps.governance"
    label = "governance"
    verbose_name = "Governance"

    def ready(self) -> None:
        from apps.accounts.signals import account_changed
        from apps.core.reconcile import register_reconciler
        from apps.governance import access, access_kinds, declared, states
        from apps.governance.comparisons import Aspect, register_aspect, register_predecessor
        from apps.governance.listeners import record_account_change
        from apps.governance.models import AccessRequest, NoticeSending, PolicyVersion, Waiver, WebhookSubscription
        from apps.governance.services import replay, waivers
        from apps.governance.services.access import grant_what_was_asked, refuse_asking_for_others
        from apps.governance.services.policies import before_policy_move
        from apps.governance.subjects import FactProvider, Subject, register_facts, register_subject

        account_changed.connect(record_account_change, dispatch_uid="governance.record_account_change")
        register_reconciler(WebhookSubscription, "governance.send_webhooks")
        register_reconciler(NoticeSending, "governance.send_notice")
        register_predecessor(
            PolicyVersion, lambda version: version.policy.versions.filter(status=states.PolicyStatus.ACTIVE).first()
        )
        register_aspect(
            PolicyVersion,
            Aspect(
                "Rules",
                lambda version: {
                    "mode": version.mode,
                    **{f"rule {rule['id']}": rule["expression"] for rule in version.document["rules"]},
                },
            ),
        )
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
                before_move=before_policy_move,
                shape=declared.POLICY,
            )
        )
        register_facts(
            PolicyVersion,
            FactProvider(
                name="replay",
                shape=declared.REPLAY,
                description="What it would have answered on past decisions.",
                provide=replay.replay_facts,
            ),
        )
        register_subject(
            Subject(
                model=Waiver,
                transitions=states.WAIVER_TRANSITIONS,
                manifest=waivers.manifest,
                people=waivers.people,
                page=lambda waiver: waiver.get_absolute_url(),
                before_move=waivers.refuse_expired,
                shape=declared.WAIVER,
            )
        )
        register_subject(
            Subject(
                model=AccessRequest,
                transitions=states.ACCESS_TRANSITIONS,
                manifest=lambda request: {
                    "kind": request.kind,
                    "details": request.details,
                    "beneficiary": str(request.beneficiary_id),
                    "expires_at": request.expires_at.isoformat() if request.expires_at else None,
                },
                people=lambda request: {request.beneficiary_id: "would get", request.requester_id: "asked for"},
                page=lambda request: request.get_absolute_url(),
                before_move=grant_what_was_asked,
                may_ask=refuse_asking_for_others,
            )
        )
        for kind in access_kinds.KINDS:
            access.register_access_kind(kind)
