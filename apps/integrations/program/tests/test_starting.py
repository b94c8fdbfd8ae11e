import json
import subprocess
import sys

from apps.integrations.program import starting


class TestEnvironmentTrouble:
    def test_names_the_interpreter_that_is_missing(self, settings):
        settings.TRAIN_PYTHON = "/no/such/python"

        assert "/no/such/python is missing" in starting.environment_trouble()

    def test_names_the_package_that_is_missing(self, settings, monkeypatch):
        settings.TRAIN_PYTHON = sys.executable
        monkeypatch.setattr(starting, "NEEDED", ("no-such-package",))

        assert "no-such-package" in starting.environment_trouble()

    def test_is_silent_when_all_is_there(self, settings, monkeypatch):
        settings.TRAIN_PYTHON = sys.executable
        monkeypatch.setattr(starting, "NEEDED", ("django",))

        assert starting.environment_trouble() == ""

    def test_says_so_when_it_cannot_be_run(self, settings, tmp_path):
        broken = tmp_path / "python"
        broken.write_text("no program")
        broken.chmod(0o755)
        settings.TRAIN_PYTHON = str(broken)

        assert "cannot be used" in starting.environment_trouble()


class TestProgramProcess:
    def test_writes_the_specification_and_other_files(self, settings):
        settings.TRAIN_PYTHON = "/env/bin/python"

        process = starting.program_process("job-1", {"job_id": "1"}, {"prompts.jsonl": b"{}\n"})

        assert json.loads(process.files["spec.json"]) == {"job_id": "1"}
        assert process.files["prompts.jsonl"] == b"{}\n"
        assert process.argv[0] == "/env/bin/python"

    def test_runs_the_program_of_this_checkout_and_nothing_from_its_folder(self, tmp_path, settings):
        # Stands for a file that somebody put beside a model.
        (tmp_path / "apps.py").write_text("raise AssertionError('imported from the job folder')")
        settings.TRAIN_PYTHON = sys.executable
        process = starting.program_process("job-1", {})

        ran = subprocess.run(
            [*process.argv[:-2], "--help"], cwd=tmp_path, env=process.env, capture_output=True, text=True, check=False
        )

        assert ran.stdout.startswith("usage:"), ran.stderr
