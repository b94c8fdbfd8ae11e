"""Settings are read strictly, and `env.example` lists every one of them."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import override_settings

from llmops_portal.checks import audit_log_can_be_signed

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = ROOT / "llmops_portal" / "settings.py"
READERS = r"env\.\w+|destinations|flag|networks|number|one_of|ports|urls?"
FROM_ENVIRONMENT = re.compile(rf"""(?:{READERS})\(\s*["']([A-Z0-9_]+)["']""")


def start(told: str = "settings.SECRET_KEY", **environment: str) -> subprocess.CompletedProcess[str]:
    """Load the settings in a process of its own, which prints what is to be `told` of them."""
    kept = {name: os.environ[name] for name in ("PATH", "VAR", "DATABASE_URL", "REDIS_URL") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-c", f"import json; from django.conf import settings; print({told})"],
        cwd=ROOT,
        env={**kept, "DJANGO_SETTINGS_MODULE": "llmops_portal.settings", "ENV_FILE": os.devnull, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_example_lists_every_setting_and_no_other():
    read = set(FROM_ENVIRONMENT.findall(SETTINGS.read_text()))
    lines = (ROOT / "env.example").read_text().splitlines()
    listed = {line.split("=")[0] for line in lines if re.match(r"[A-Z]", line)}

    assert read == listed


@pytest.mark.parametrize(
    ("environment", "complaint"),
    [
        ({"DJANGO_DEBUG": "maybe"}, "DJANGO_DEBUG='maybe' is neither on nor off"),
        ({"PORT": "http"}, "PORT='http' is not a whole number"),
        ({"PORT": "99999"}, "PORT=99999 is not between 1 and 65535"),
        ({"DEPLOYMENT": "staging"}, "DEPLOYMENT='staging' is unknown. Use one of local, production"),
        ({"DEPLOYMENT": "production"}, "DJANGO_SECRET_KEY is not set"),
        ({"PUBLIC_URL": "portal.example"}, "PUBLIC_URL='portal.example' is not an address"),
        ({"GATEWAY_URL": "unix:/run/gateway"}, "GATEWAY_URL='unix:/run/gateway' is not an address"),
        ({"GATEWAY_SNAPSHOT_MAX_AGE_S": "5"}, "GATEWAY_SNAPSHOT_MAX_AGE_S=5 is not between 10 and 86400"),
        ({"AUDIT_WITNESS_URLS": "https://one.example, two"}, "AUDIT_WITNESS_URLS: 'two' is not an address"),
        ({"AUDIT_LOG_RETENTION_DAYS": "0"}, "AUDIT_LOG_RETENTION_DAYS=0 is not between 1 and 36500"),
        ({"GATEWAY_TRUSTED_PROXIES": "proxy"}, "GATEWAY_TRUSTED_PROXIES: 'proxy' does not appear to be"),
        ({"EGRESS_ALLOW": "10.0.0.1/8"}, "EGRESS_ALLOW: 10.0.0.1/8 has host bits set"),
        ({"EGRESS_ALLOW": "10.0.0"}, "EGRESS_ALLOW: '10.0.0' does not appear to be"),
        ({"EGRESS_ALLOW": "*"}, "EGRESS_ALLOW: '*' does not appear to be"),
        ({"EGRESS_PORTS": "443,https"}, "EGRESS_PORTS: 'https' is not a port"),
        ({"EGRESS_PORTS": "0"}, "EGRESS_PORTS: '0' is not a port"),
        ({"GATEWAY_TRUSTED_PROXIES": "10.0.0.1/8"}, "GATEWAY_TRUSTED_PROXIES: 10.0.0.1/8 has host bits set"),
    ],
)
def test_an_odd_value_stops_the_start_and_names_itself(environment, complaint):
    ended = start(**environment)

    assert ended.returncode != 0
    assert complaint in ended.stderr


class TestTheSigningKeyOfTheAuditLog:
    def test_is_made_once_for_local_use_and_for_its_owner_alone(self, tmp_path):
        told = [start("settings.AUDIT_SIGNING_KEY", VAR=str(tmp_path)).stdout for _ in range(2)]

        kept = tmp_path / "secrets" / "audit_signing_key"
        assert told == [f"{kept.read_text()}\n"] * 2
        assert kept.stat().st_mode & 0o777 == 0o600
        assert [path.name for path in kept.parent.iterdir() if path.name.startswith(".")] == []

    @pytest.mark.parametrize(
        ("given", "found"),
        [
            ({"AUDIT_SIGNING_KEY": ""}, ["llmops.E005"]),
            ({"AUDIT_SIGNING_KEY": "bm8ga2V5"}, ["llmops.E006"]),
            ({"AUDIT_SIGNING_KEY": "A" * 43 + "=", "AUDIT_LOG_ORIGIN": "portal example"}, ["llmops.E007"]),
            ({"AUDIT_SIGNING_KEY": "A" * 43 + "="}, []),
        ],
    )
    def test_is_checked(self, given, found):
        with override_settings(**given):
            complaints = audit_log_can_be_signed()

        assert [complaint.id for complaint in complaints] == found
        assert all(complaint.hint for complaint in complaints)

    def test_is_not_made_up_in_production(self, tmp_path):
        production = {"DEPLOYMENT": "production", "DJANGO_SECRET_KEY": "x" * 50}

        assert start("settings.AUDIT_SIGNING_KEY", VAR=str(tmp_path), **production).stdout == "\n"
        assert not (tmp_path / "secrets" / "audit_signing_key").exists()


def gateway_of(**environment: str) -> dict[str, object]:
    """Return what the settings hand the gateway."""
    ended = start("json.dumps(settings.GATEWAY)", **environment)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


class TestTheGateway:
    def test_is_reached_where_people_reach_the_portal_unless_told_otherwise(self):
        assert gateway_of(PUBLIC_URL="https://portal.example/") == {
            "url": "https://portal.example",
            "snapshot_max_age_s": 300,
            "trusted_proxies": "127.0.0.1",
        }

    def test_is_told_by_the_environment(self):
        given = {
            "GATEWAY_URL": "http://gateway:8000",
            "GATEWAY_SNAPSHOT_MAX_AGE_S": "60",
            "GATEWAY_TRUSTED_PROXIES": "10.0.0.0/8, ::1",
        }

        assert gateway_of(**given) == {
            "url": "http://gateway:8000",
            "snapshot_max_age_s": 60,
            "trusted_proxies": "10.0.0.0/8,::1",
        }


def test_a_secret_may_stand_in_a_file(tmp_path):
    secret = tmp_path / "key"
    secret.write_text("from-a-file-that-only-the-portal-reads")

    ended = start(DEPLOYMENT="production", DJANGO_SECRET_KEY_FILE=str(secret), DJANGO_ALLOWED_HOSTS="portal.example")

    assert ended.stdout.strip() == "from-a-file-that-only-the-portal-reads"


def test_a_local_portal_makes_its_secret_once_and_keeps_it_to_itself(tmp_path):
    first, second = start(VAR=str(tmp_path)), start(VAR=str(tmp_path))

    assert first.stdout == second.stdout != "\n"
    assert (tmp_path / "secrets" / "django_secret_key").stat().st_mode & 0o077 == 0
