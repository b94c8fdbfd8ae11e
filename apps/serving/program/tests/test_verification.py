import shutil

import pytest

from apps.serving.program.errors import VerificationError
from apps.serving.program.spec import Manifest
from apps.serving.program.verification import verify

from .conftest import manifest_of


@pytest.fixture
def copy(model_dir, tmp_path):
    return shutil.copytree(model_dir, tmp_path / "copy")


@pytest.fixture
def manifest(model_dir):
    return Manifest.model_validate(manifest_of(model_dir))


class TestVerify:
    def test_accepts_the_approved_files(self, copy, manifest):
        verify(copy, manifest)

    def test_refuses_one_changed_byte(self, copy, manifest):
        weights = copy / "model.safetensors"
        content = bytearray(weights.read_bytes())
        content[-1] ^= 1
        weights.write_bytes(content)

        with pytest.raises(VerificationError, match=r"model\.safetensors is not the one that was approved"):
            verify(copy, manifest)

    def test_refuses_a_file_that_is_gone(self, copy, manifest):
        (copy / "tokenizer.json").unlink()

        with pytest.raises(VerificationError, match=r"tokenizer\.json is missing"):
            verify(copy, manifest)

    @pytest.mark.parametrize("name", ["adapter_config.json", "nested/modeling.py"])
    def test_refuses_a_file_that_nobody_approved(self, copy, manifest, name):
        (copy / name).parent.mkdir(exist_ok=True)
        (copy / name).write_text("{}")

        with pytest.raises(VerificationError, match=f"The file {name} lies among the model's files"):
            verify(copy, manifest)

    @pytest.mark.parametrize("target", ["/nowhere", "/"])
    def test_refuses_a_link_that_nobody_approved(self, copy, manifest, target):
        (copy / "more").symlink_to(target)

        with pytest.raises(VerificationError, match="The file more lies among"):
            verify(copy, manifest)
