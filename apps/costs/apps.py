from django.apps import AppConfig


class CostsConfig(AppConfig):
    """Says what an hour costs, listens to what finishes, and books it in the transaction in which it does."""

    name = "apps.costs"
    label = "costs"
    verbose_name = "Costs"

    def ready(self) -> None:
        from apps.costs import limits, listeners, selectors
        from apps.evaluation.signals import run_finished
        from apps.governance.access import register_access_kind
        from apps.integrations.orchestration.rates import register_rates
        from apps.telemetry.signals import events_shipped
        from apps.training.signals import job_finished

        register_rates(selectors.hour_usd)
        register_access_kind(limits.LIMIT)
        events_shipped.connect(listeners.book_requests, dispatch_uid="costs.book_requests")
        job_finished.connect(listeners.book_job, dispatch_uid="costs.book_job")
        run_finished.connect(listeners.book_run, dispatch_uid="costs.book_run")
