"""A log that is sealed, and the database's superuser, whom no trigger stops."""

import base64
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from django.conf import settings as portal
from django.db import connection, transaction
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.governance import outside, proofs, services
from apps.governance.models import AuditEvent
from apps.governance.services import copies, sealing

VERIFIER = Path(portal.BASE_DIR, "tools", "llmops_verify.py")
SEED = base64.b64encode(b"k" * 32).decode()


@pytest.fixture(autouse=True)
def log_folder(settings, tmp_path) -> Path:
    """A copy of the log that only this test writes."""
    settings.AUDIT_LOG_DIR = tmp_path / "audit-log"
    settings.AUDIT_LOG_ORIGIN = "portal.example/audit-log"
    settings.AUDIT_SIGNING_KEY = SEED
    return settings.AUDIT_LOG_DIR


@pytest.fixture
def happen(engineer, team) -> Callable[..., list]:
    """Makes events in one transaction, and waits until they can be sealed."""

    def made(count: int, *, said: str = "event", settles: bool = True) -> list[AuditEvent]:
        with transaction.atomic():
            events = [
                services.record_event(actor=engineer, action="team.note", subject=team, reason=f"{said} {number}")
                for number in range(count)
            ]
        if settles:
            settle()
        return events

    return made


def settle() -> None:
    """Wait until no transaction runs any more that is older than what was committed.

    Transactions are counted for all databases of a server: those of tests that run beside this one count, too.
    """
    deadline = time.monotonic() + 60
    _, following = proofs.running_transactions()
    while proofs.running_transactions()[0] < following:
        assert time.monotonic() < deadline, "another transaction does not end"
        time.sleep(0.01)


@pytest.fixture
def sealed(happen) -> Callable[..., None]:
    """Makes events, seals them, and brings the folder up to date."""

    def made(count: int, **more) -> None:
        happen(count, **more)
        seal_all()

    return made


def seal_all() -> None:
    """Seal everything that was committed, and bring the folder up to date."""
    settle()
    while sealing.seal_events():
        pass
    copies.copy_to_folder()


@pytest.fixture
def as_superuser() -> Callable[..., None]:
    """Runs SQL as the database's superuser, for whom triggers and constraints between tables do not exist."""
    known = connection.settings_dict

    def run(sql: str, *parameters: object) -> None:
        host = known["HOST"] or known["OPTIONS"].get("host") or ""
        with psycopg.connect(host=host, user="postgres", dbname=known["NAME"], autocommit=True) as root:
            root.execute("SET session_replication_role = replica")
            root.execute(sql, parameters or None)

    return run


@pytest.fixture
def exported(db) -> Callable[[], bytes]:
    """The whole log, as a superuser of the portal exports it."""

    def made() -> bytes:
        client = APIClient()
        client.force_authenticate(User.objects.filter(is_superuser=True).first() or _superuser())
        answer = client.get("/llm-ops/v1/governance/audit/export")
        assert answer.status_code == 200, answer.content
        return b"".join(answer.streaming_content)

    return made


def _superuser() -> User:
    return User.objects.create_superuser(username="root", password="correct horse battery")


@pytest.fixture
def verify(tmp_path) -> Callable[..., tuple[int, str]]:
    """Runs the script as an auditor would: its exit status, and what it says."""

    def run(what: str, content: bytes, *arguments: object, key: str | None = None) -> tuple[int, str]:
        file = tmp_path / f"given.{what}"
        file.write_bytes(content)
        ended = subprocess.run(
            [
                *(sys.executable, "-I", str(VERIFIER), what, str(file)),
                *("--key", key or outside.signer().verifier_key, *map(str, arguments)),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        return ended.returncode, ended.stdout + ended.stderr

    return run
