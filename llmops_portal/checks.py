"""Start-up checks: each names the setting and how to mend it."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core import checks


@checks.register(checks.Tags.security, deploy=False)
def secrets_are_set(**_: Any) -> list[checks.CheckMessage]:
    found: list[checks.CheckMessage] = []
    if settings.IS_PRODUCTION and settings.DEBUG:
        found.append(checks.Error("DJANGO_DEBUG is on in production.", hint="Unset DJANGO_DEBUG.", id="llmops.E001"))
    if settings.IS_PRODUCTION and not settings.ALLOWED_HOSTS:
        found.append(
            checks.Error(
                "DJANGO_ALLOWED_HOSTS is empty in production.",
                hint="Set DJANGO_ALLOWED_HOSTS to the portal's host names, separated by commas.",
                id="llmops.E002",
            )
        )
    return found


@checks.register()
def folders_are_writable(**_: Any) -> list[checks.CheckMessage]:
    found: list[checks.CheckMessage] = []
    for name in ("QUARANTINE_DIR", "SPOOL_DIR"):
        folder = Path(getattr(settings, name))
        nearest = next(parent for parent in (folder, *folder.parents) if parent.exists())
        try:
            probe = nearest / ".llmops-write-check"
            probe.touch()
            probe.unlink()
        except OSError as error:
            found.append(
                checks.Error(
                    f"{name} ({folder}) cannot be written: {error.strerror}.",
                    hint="Set VAR to a folder that the portal's user may write.",
                    id="llmops.E003",
                )
            )
    return found


@checks.register()
def database_is_postgresql(**_: Any) -> list[checks.CheckMessage]:
    engine = settings.DATABASES["default"]["ENGINE"]
    if "postgresql" in engine:
        return []
    return [
        checks.Error(
            f"DATABASE_URL names {engine}; the portal runs on PostgreSQL only.",
            hint="Set DATABASE_URL to postgresql://user:password@host/name, or leave it out for the embedded server.",
            id="llmops.E004",
        )
    ]


@checks.register(checks.Tags.security, deploy=False)
def the_portal_owns_nothing(**_: Any) -> list[checks.CheckMessage]:
    if not settings.IS_PRODUCTION or settings.DATABASE_OWNER_URL:
        return []
    return [
        checks.Warning(
            "DATABASE_OWNER_URL is not set: the portal owns its tables and could alter the audit trail.",
            hint="Make a second role, put it into DATABASE_URL, and the owner's into DATABASE_OWNER_URL for `migrate`.",
            id="llmops.W001",
        )
    ]
