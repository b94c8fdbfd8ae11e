from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "apps.accounts"
    label = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        from django.db.models.signals import post_migrate

        from apps.accounts.api import schema  # noqa: F401  # registers itself
        from apps.accounts.statistics import count_by_scope

        post_migrate.connect(count_by_scope, sender=self, dispatch_uid="accounts.count_by_scope")
