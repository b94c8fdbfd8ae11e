"""Which copies of the audit log there are outside the database, as the settings name them."""

from functools import cache
from typing import Any

from django.conf import settings

from apps.governance.sealing.notes import Signer
from apps.governance.sealing.stores import FileStore, S3Store, Store, s3_client


def signer() -> Signer:
    """Return who signs the log. The system check says what to do where there is no key."""
    return Signer(settings.AUDIT_LOG_ORIGIN, settings.AUDIT_SIGNING_KEY)


def folder() -> FileStore:
    """Return the copy that is at hand: writing it takes no network that a machine does not always have."""
    return FileStore(settings.AUDIT_LOG_DIR)


def remote_stores() -> list[Store]:
    """Return the copies that may take long to reach."""
    if not settings.AUDIT_LOG_S3_BUCKET:
        return []
    client = _client(**settings.S3)
    return [S3Store(settings.AUDIT_LOG_S3_BUCKET, retention_days=settings.AUDIT_LOG_RETENTION_DAYS, client=client)]


def stores() -> list[Store]:
    return [folder(), *remote_stores()]


def witness_urls() -> list[str]:
    return list(settings.AUDIT_WITNESS_URLS)


def names() -> list[str]:
    """Return how the copies that are configured now are called in `AuditCopy`."""
    bucket = settings.AUDIT_LOG_S3_BUCKET
    return [folder().name, *([f"s3://{bucket}"] if bucket else []), *witness_urls()]


@cache
def _client(**given: Any) -> Any:
    return s3_client(**given)
