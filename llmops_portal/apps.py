from django.apps import AppConfig


class SiteConfig(AppConfig):
    """The assembled site: makes Celery's app the default one and registers the start-up checks."""

    name = "llmops_portal"
    label = "site_assembly"
    verbose_name = "Site"

    def ready(self) -> None:
        from llmops_portal import celery, checks  # noqa: F401
