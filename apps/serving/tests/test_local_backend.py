import subprocess
from functools import partial
from pathlib import Path

import pytest
from django.conf import settings

from apps.integrations.orchestration.local import LocalProcessHost
from apps.integrations.program.starting import environment_trouble
from apps.serving import backends
from apps.serving.backends.base import ServerState
from apps.serving.backends.local import LocalBackend, ServersCannotRunError
from apps.serving.tests.conftest import STAND_IN, Machine
from apps.serving.tests.contract import ServingBackendContract, deployment_of, kill_process, until

WRITE_MODEL = "import sys; from pathlib import Path; from apps.serving.program.tests.conftest import write_model; "
WRITE_MODEL += "write_model(Path(sys.argv[1]))"


class LocalBackendContract(ServingBackendContract):
    @pytest.fixture
    def kill(self, tmp_path):
        return partial(kill_process, tmp_path / "machine" / "records")


class TestLocalBackend(LocalBackendContract):
    @pytest.fixture
    def backend(self, machine: Machine):
        return machine.backend

    @pytest.fixture
    def model_folder(self, tmp_path):
        folder = tmp_path / "model"
        folder.mkdir()
        (folder / "model.safetensors").write_bytes(b"weights")
        (folder / "config.json").write_text("{}")
        return folder

    def test_starts_nothing_while_the_environment_is_not_there(self, machine, deployment, lay_files):
        machine.trouble = "It is being installed."

        with pytest.raises(ServersCannotRunError, match="It is being installed"):
            machine.backend.deploy(deployment, lay_files)

        assert not machine.processes()

    def test_gives_a_server_none_of_the_portals_secrets(self, machine, deployment, lay_files, monkeypatch):
        monkeypatch.setenv("DATABASE_URL", "postgresql://secret")
        machine.backend.deploy(deployment, lay_files)
        until(machine.backend, deployment.name, ServerState.READY)

        [pid] = machine.processes()
        assert b"secret" not in Path(f"/proc/{pid}/environ").read_bytes()

    def test_is_what_the_settings_name(self):
        rendered = backends.backend_named("local").render(deployment_of(STAND_IN.parent))

        assert rendered["argv"][0] == settings.TRAIN_PYTHON
        assert rendered["argv"][-4:] == ["-m", "apps.serving.program", "serve", "spec.json"]


@pytest.mark.train
@pytest.mark.slow
class TestLocalBackendWithTheModelServer(LocalBackendContract):
    """The same promises, kept by the real server over a real, if tiny, model."""

    @pytest.fixture
    def backend(self, tmp_path):
        if why := environment_trouble():
            pytest.skip(why)
        machine = Machine(tmp_path / "machine")
        environment = {"PYTHONPATH": str(settings.BASE_DIR), "PYTHONUNBUFFERED": "1"}
        command = (settings.TRAIN_PYTHON, "-P", "-m", "apps.serving.program")
        host = LocalProcessHost(tmp_path / "machine" / "work", tmp_path / "machine" / "records")
        yield LocalBackend(host, command=command, environment=environment, trouble=environment_trouble)
        machine.kill_all()

    @pytest.fixture(scope="class")
    @classmethod
    def model_folder(cls, tmp_path_factory):
        folder = tmp_path_factory.mktemp("model") / "files"
        subprocess.run(
            [settings.TRAIN_PYTHON, "-c", WRITE_MODEL, str(folder)],
            cwd=settings.BASE_DIR,
            env={"PYTHONPATH": str(settings.BASE_DIR), "OMP_NUM_THREADS": "1"},
            check=True,
            timeout=180,
        )
        return folder
