"""Settings are read strictly, and `env.example` lists every one of them."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = ROOT / "llmops_portal" / "settings.py"
FROM_ENVIRONMENT = re.compile(r"""(?:env\.\w+|flag|number|one_of)\(\s*["']([A-Z0-9_]+)["']""")


def start(**environment: str) -> subprocess.CompletedProcess[str]:
    """Load the settings in a process of its own."""
    kept = {name: os.environ[name] for name in ("PATH", "VAR", "DATABASE_URL", "REDIS_URL") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-c", "import django; from django.conf import settings; print(settings.SECRET_KEY)"],
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
    ],
)
def test_an_odd_value_stops_the_start_and_names_itself(environment, complaint):
    ended = start(**environment)

    assert ended.returncode != 0
    assert complaint in ended.stderr


def test_a_secret_may_stand_in_a_file(tmp_path):
    secret = tmp_path / "key"
    secret.write_text("from-a-file-that-only-the-portal-reads")

    ended = start(DEPLOYMENT="production", DJANGO_SECRET_KEY_FILE=str(secret), DJANGO_ALLOWED_HOSTS="portal.example")

    assert ended.stdout.strip() == "from-a-file-that-only-the-portal-reads"


def test_a_local_portal_makes_its_secret_once_and_keeps_it_to_itself(tmp_path):
    first, second = start(VAR=str(tmp_path)), start(VAR=str(tmp_path))

    assert first.stdout == second.stdout != "\n"
    assert (tmp_path / "secrets" / "django_secret_key").stat().st_mode & 0o077 == 0
