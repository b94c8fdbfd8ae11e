import json
import subprocess
import sys

import pytest

from llmops_portal.local import environments, installer


class FakeInstaller:
    """Stands for uv: notes what it was asked, and puts `brings` into the environment."""

    asked: list[str] = []
    brings: list[str] = []
    fails = False

    def __init__(self, folder, *, tell):
        pass

    def sync(self, python, lock, *, log):
        FakeInstaller.asked.append(lock.name)
        assert python.exists()
        if FakeInstaller.fails:
            raise installer.InstallError("no network")
        packages = next(python.parents[1].glob("lib/python3.*/site-packages"))
        for name in FakeInstaller.brings:
            (packages / f"{name}.dist-info").mkdir()


@pytest.fixture(autouse=True)
def checkout(tmp_path, monkeypatch):
    """A checkout with locks and no environments."""
    for name in environments.ENVIRONMENTS:
        (tmp_path / f"{name}.txt").write_text(f"# {name}")
    monkeypatch.setattr(installer, "REQUIREMENTS", tmp_path)
    monkeypatch.setattr(environments, "ROOT", tmp_path / ".venv")
    monkeypatch.setattr(installer, "Installer", FakeInstaller)
    for name, value in {"asked": [], "brings": [], "fails": False}.items():
        monkeypatch.setattr(FakeInstaller, name, value)
    return tmp_path


class TestEnsure:
    def test_installs_once(self):
        environments.ensure("portal")
        environments.ensure("portal")

        assert FakeInstaller.asked == ["portal.txt"]
        assert environments.is_current("portal")

    def test_installs_again_when_the_lock_changed(self, checkout):
        environments.ensure("portal")
        (checkout / "portal.txt").write_text("# newer")

        environments.ensure("portal")

        assert FakeInstaller.asked == ["portal.txt", "portal.txt"]

    def test_takes_the_tools_of_the_tests_for_the_portal_and_keeps_them(self, checkout):
        environments.ensure("dev")
        environments.ensure("portal")
        (checkout / "dev.txt").write_text("# newer")
        environments.ensure("portal")

        assert FakeInstaller.asked == ["dev.txt", "dev.txt"]

    def test_rebuilds_from_nothing_what_was_never_finished(self):
        FakeInstaller.fails = True
        with pytest.raises(installer.InstallError):
            environments.ensure("train")
        half_way = environments.ENVIRONMENTS["train"].path / "half-installed"
        half_way.touch()
        FakeInstaller.fails = False

        environments.ensure("train")

        assert not half_way.exists()
        assert environments.is_current("train")

    def test_does_not_trust_an_environment_whose_update_failed(self, checkout):
        environments.ensure("train")
        (checkout / "train.txt").write_text("# newer")
        FakeInstaller.fails = True
        with pytest.raises(installer.InstallError):
            environments.ensure("train")
        (checkout / "train.txt").write_text("# train")

        assert not environments.is_current("train")

    def test_refuses_a_cuda_build(self):
        FakeInstaller.brings = ["nvidia_cublas_cu12-12.6"]

        with pytest.raises(installer.InstallError, match="CUDA build of torch came into"):
            environments.ensure("train")

        assert not environments.is_current("train")

    def test_refuses_before_the_disk_is_full(self, monkeypatch):
        monkeypatch.setattr(environments.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 2**20}))

        with pytest.raises(installer.InstallError, match=r"has 0.0 GiB free; train needs"):
            environments.ensure("train")

        assert FakeInstaller.asked == []

    def test_rebuilds_an_environment_that_was_moved(self, checkout):
        environments.ensure("portal")
        stamp = environments.ENVIRONMENTS["portal"].path / environments.STAMP
        stamp.write_text(json.dumps({**json.loads(stamp.read_text()), "path": "/somewhere/else"}))

        assert not environments.is_current("portal")


class TestMain:
    def test_says_in_one_line_what_failed(self, capsys):
        FakeInstaller.fails = True

        assert environments.main(["train"]) == 1
        assert capsys.readouterr().err == "setup: no network\n"

    def test_runs_on_the_standard_library_alone(self):
        alone = "import sys; sys.path.insert(0, '.'); from llmops_portal.local import environments, locks"

        subprocess.run([sys.executable, "-I", "-S", "-c", alone], check=True, cwd=environments.paths.CHECKOUT)
