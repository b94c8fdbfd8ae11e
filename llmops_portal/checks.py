"""Start-up checks: each names the setting and how to mend it."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core import checks

from apps.governance.sealing.notes import BadKeyError, Signer


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


@checks.register(checks.Tags.security)
def audit_log_can_be_signed(**_: Any) -> list[checks.CheckMessage]:
    mend = "Set AUDIT_SIGNING_KEY, or AUDIT_SIGNING_KEY_FILE, to what `openssl rand -base64 32` prints, and keep it."
    if not settings.AUDIT_SIGNING_KEY:
        return [
            checks.Error("AUDIT_SIGNING_KEY is not set, so the audit log is not sealed.", hint=mend, id="llmops.E005")
        ]
    found: list[checks.CheckMessage] = []
    try:
        Signer(settings.AUDIT_LOG_ORIGIN, settings.AUDIT_SIGNING_KEY)
    except BadKeyError as error:
        found.append(checks.Error(f"AUDIT_SIGNING_KEY is not an Ed25519 key. {error}", hint=mend, id="llmops.E006"))
    if not settings.AUDIT_LOG_ORIGIN.isprintable() or set(settings.AUDIT_LOG_ORIGIN) & set(" +"):
        hint = "Name the log by an address without its scheme, such as portal.example/audit-log."
        message = f"AUDIT_LOG_ORIGIN={settings.AUDIT_LOG_ORIGIN!r} holds spaces or a plus."
        found.append(checks.Error(message, hint=hint, id="llmops.E007"))
    return found
