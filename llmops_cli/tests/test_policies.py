"""`llmops policy` against a portal that really answers."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from apps.accounts.services import create_api_key
from apps.governance import services
from apps.governance.models import ApprovalRequest, PolicyVersion
from apps.governance.states import ACTIVATE_POLICY
from apps.governance.tests.conftest import SMALL
from conftest import by_hand
from llmops_cli.__main__ import CANNOT, FINDINGS, FINE, main

pytestmark = pytest.mark.django_db(transaction=True)
CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture
def speaks_for(live_server, monkeypatch):
    """Has the command line speak to the portal with somebody's key."""

    def speaking(person):
        key = create_api_key(actor=person, name="pipeline", scopes=["api"])
        monkeypatch.setenv("LLMOPS_URL", live_server.url)
        monkeypatch.setenv("LLMOPS_API_KEY", key.token)

    return speaking


@pytest.fixture
def repository(tmp_path, speaks_for, engineer):
    """A folder with one good policy, and an engineer's key."""
    speaks_for(engineer)
    (tmp_path / "small.yaml").write_text(SMALL, encoding="utf-8")
    return tmp_path


def run(capsys, *arguments):
    """Return the exit code, and what was printed as JSON."""
    code = main([*map(str, arguments), "--format", "json"])
    return code, json.loads(capsys.readouterr().out)


class TestLint:
    def test_says_that_a_good_document_is_fine(self, repository, capsys):
        code, told = run(capsys, "policy", "lint", repository)

        assert (code, told["findings"]) == (FINE, [])

    def test_names_faults_by_file_line_and_column(self, repository, capsys):
        file = repository / "small.yaml"
        file.write_text(SMALL.replace("subject.number", "subject.nomber"), encoding="utf-8")

        code = main(["policy", "lint", str(file)])

        assert code == FINDINGS
        assert f"{file}:8:28: rules[0].expression: subject has no 'nomber'" in capsys.readouterr().out

    def test_saves_nothing(self, repository, capsys):
        run(capsys, "policy", "lint", repository)
        run(capsys, "policy", "test", repository)

        assert not PolicyVersion.objects.exists()


class TestTest:
    def test_finds_what_fails_and_what_is_not_covered(self, repository, capsys):
        (repository / "small.yaml").write_text(SMALL.replace("number: 9", "number: 1"), encoding="utf-8")

        code, told = run(capsys, "policy", "test", repository)

        assert code == FINDINGS
        messages = [finding["message"] for finding in told["findings"]]
        assert messages == [
            "'large does not': expected small to deny; no rule did.",
            "The rule 'small' has no denying test.",
        ]


class TestApply:
    def test_saves_a_draft_and_the_second_time_nothing(self, repository, team, capsys):
        first = run(capsys, "policy", "apply", repository, "--team", "voc")
        second = run(capsys, "policy", "apply", repository, "--team", "voc")

        assert [told["results"][0]["state"] for _, told in (first, second)] == ["saved", "unchanged"]
        assert PolicyVersion.objects.get().status == "draft"

    def test_asks_for_it_once(self, repository, team, capsys):
        for _ in range(2):
            code, _ = run(capsys, "policy", "apply", repository, "--team", "voc", "--submit", "From the repository")
            assert code == FINE

        assert ApprovalRequest.objects.get().reason == "From the repository"
        assert PolicyVersion.objects.get().status == "under_review"

    def test_replays_what_is_to_be_enforced(self, repository, engineer, approver, team, capsys):
        draft = services.save_policy_draft(actor=engineer, team=team, source=SMALL.replace("only-small", "other"))
        services.decide(actor=approver, subject=draft, transition=ACTIVATE_POLICY)

        code, _ = run(capsys, "policy", "apply", repository, "--team", "voc", "--submit", "Ready")

        assert code == FINE
        assert PolicyVersion.objects.get(policy__key="only-small").replay["decisions"] == 1

    def test_only_says_what_it_would_do(self, repository, team, capsys):
        code, told = run(capsys, "policy", "apply", repository, "--team", "voc", "--submit", "x", "--dry-run")

        assert (code, told["results"][0]["submitted"]) == (FINE, True)
        assert not PolicyVersion.objects.exists()

    def test_saves_nothing_where_one_of_several_is_wrong(self, repository, team, capsys):
        (repository / "bad.yaml").write_text("id: [", encoding="utf-8")

        code, told = run(capsys, "policy", "apply", repository, "--team", "voc")

        assert (code, len(told["findings"])) == (FINDINGS, 1)
        assert not PolicyVersion.objects.exists()


class TestExport:
    def test_writes_what_is_in_force_as_it_was_written(self, repository, engineer, team, tmp_path, capsys):
        version = services.save_policy_draft(actor=engineer, team=team, source=SMALL)
        with by_hand():
            PolicyVersion.objects.filter(pk=version.pk).update(status="active")
        folder = tmp_path / "exported"

        states = [run(capsys, "policy", "export", folder)[1]["results"][0]["state"] for _ in range(2)]

        assert states == ["written", "unchanged"]
        assert (folder / "only-small.yaml").read_text(encoding="utf-8") == SMALL


class TestCannot:
    def test_without_a_portal_that_answers(self, repository, monkeypatch, capsys):
        monkeypatch.setenv("LLMOPS_URL", "http://127.0.0.1:9")

        assert main(["policy", "lint", str(repository)]) == CANNOT
        assert "does not answer" in capsys.readouterr().err

    @pytest.mark.parametrize("url", ["", "file:///etc/passwd", "ftp://example.org"])
    def test_without_an_address_of_one(self, repository, monkeypatch, url):
        monkeypatch.setenv("LLMOPS_URL", url)

        assert main(["policy", "lint", str(repository)]) == CANNOT

    def test_with_a_key_that_opens_nothing(self, repository, monkeypatch, capsys):
        monkeypatch.setenv("LLMOPS_API_KEY", "llmo_wrong")

        assert main(["policy", "lint", str(repository)]) == CANNOT
        assert "401" in capsys.readouterr().err

    def test_for_who_writes_no_policies(self, repository, speaks_for, viewer, capsys):
        speaks_for(viewer)

        assert main(["policy", "lint", str(repository)]) == CANNOT
        assert "403" in capsys.readouterr().err

    def test_with_a_file_that_is_not_there(self, repository):
        assert main(["policy", "lint", str(repository / "none.yaml")]) == CANNOT

    def test_with_a_command_that_there_is_not(self):
        with pytest.raises(SystemExit) as ended:
            main(["policy", "destroy"])

        assert ended.value.code == CANNOT


def test_runs_from_the_checkout_with_no_more_than_a_python(repository):
    environment = {name: os.environ[name] for name in ("LLMOPS_URL", "LLMOPS_API_KEY", "PATH")}
    command = [sys.executable, "-S", "-E", CHECKOUT / "bin" / "llmops", "policy", "lint", repository]

    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert (ran.returncode, ran.stderr) == (FINE, "")
    assert "fine" in ran.stdout
