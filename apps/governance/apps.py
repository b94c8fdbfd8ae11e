from django.apps import AppConfig


class GovernanceConfig(AppConfig):
    """Registers policy versions as governed, and listens to what accounts announces."""

    name = "apps.governance"
    label = "governance"
    verbose_name = "Governance"

    def ready(self) -> None:
        from apps.accounts.signals import account_changed
        from apps.governance import declared, states
        from apps.governance.listeners import record_account_change
        from apps.governance.models import PolicyVersion, Waiver
        from apps.governance.services import replay, waivers
        from apps.governance.services.policies import before_policy_move
        from apps.governance.subjects import FactProvider, Subject, register_facts, register_subject

        account_changed.connect(record_account_change, dispatch_uid="governance.record_account_change")
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
