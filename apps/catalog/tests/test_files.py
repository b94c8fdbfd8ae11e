from pathlib import Path

import pytest
from django.core.files.storage import storages

from apps.catalog import services
from apps.catalog.errors import FilePathError, FileRefusedError, FilesChangedError, VersionFrozenError
from apps.catalog.models import ModelFile, ModelVersion
from apps.catalog.tests import factories
from apps.core.blobs import BlobDamagedError, blob_name
from apps.core.errors import NotFoundError
from apps.governance.models import AuditEvent


def stored() -> int:
    """How many blobs the storage holds."""
    storage = storages["blobs"]
    if not storage.exists("blobs"):
        return 0
    folders, _ = storage.listdir("blobs")
    return sum(len(storage.listdir(f"blobs/{folder}")[1]) for folder in folders)


class TestAddModelFiles:
    def test_keeps_them_and_learns_from_them(self, engineer, team, tmp_path):
        model = factories.with_files(engineer, team, tmp_path)

        assert model.facts["parameter_count"] == 6
        assert model.facts["architecture"] == "LlamaForCausalLM"
        assert model.facts["max_position_embeddings"] == 512
        assert model.digest.startswith("sha256:")
        assert model.size_bytes == sum(file["size_bytes"] for file in services.file_manifest(model))

    def test_adds_up_shards_and_leaves_adapters_out(self, engineer, team, tmp_path):
        model = factories.draft(engineer, team)
        files = factories.files_in(
            tmp_path,
            **{
                "model-1__safetensors": factories.safetensors({"a": ("BF16", [10])}),
                "model-2__safetensors": factories.safetensors({"b": ("F32", [5])}),
                "adapter___adapter_model__safetensors": factories.safetensors({"c": ("F32", [99])}),
            },
        )

        model = services.add_model_files(actor=engineer, model=model, files=files)

        assert model.facts == {"parameter_count": 15, "dtype": "BF16"}

    def test_gives_the_same_digest_for_the_same_bytes_and_another_for_others(self, engineer, team, tmp_path):
        first = factories.with_files(engineer, team, tmp_path / "a")
        second = factories.with_files(engineer, team, tmp_path / "b")
        again = factories.files_in(tmp_path / "c", model__safetensors=factories.safetensors(fill=1))
        third = services.add_model_files(actor=engineer, model=second, files=again)

        assert first.digest == second.digest
        assert third.digest != first.digest

    def test_keeps_all_or_none(self, engineer, team, tmp_path):
        model = factories.draft(engineer, team)
        before = stored()
        files = factories.files_in(tmp_path, model__safetensors=factories.safetensors(fill=7), evil__pkl=b"\x80\x04K.")

        with pytest.raises(FileRefusedError, match=r"evil\.pkl"):
            services.add_model_files(actor=engineer, model=model, files=files)

        assert stored() == before
        assert not ModelFile.objects.exists()
        assert AuditEvent.objects.count() == 1

    def test_replaces_a_file_of_the_same_path(self, engineer, team, tmp_path):
        model = factories.with_files(engineer, team, tmp_path / "a")

        services.add_model_files(
            actor=engineer, model=model, files=factories.files_in(tmp_path / "b", config__json={"vocab_size": 9})
        )

        model.refresh_from_db()
        assert model.facts["vocab_size"] == 9
        assert model.files.count() == 3

    @pytest.mark.parametrize(
        "path", ["../model.safetensors", "/etc/x.json", "a/../b.json", ".hidden.json", "a\\b.json", ""]
    )
    def test_refuses_a_path_that_leads_out(self, engineer, team, tmp_path, path):
        model = factories.draft(engineer, team)
        (file,) = factories.files_in(tmp_path, config__json={}).values()

        with pytest.raises(FilePathError):
            services.add_model_files(actor=engineer, model=model, files={path: file})

    def test_refuses_names_that_clash_in_a_folder(self, engineer, team, tmp_path):
        model = factories.with_files(engineer, team, tmp_path)
        (file,) = factories.files_in(tmp_path / "b", config__json={}).values()

        with pytest.raises(FilePathError, match="upper and lower case only"):
            services.add_model_files(actor=engineer, model=model, files={"Config.json": file})
        with pytest.raises(FilePathError, match=r"'config\.json' is a file"):
            services.add_model_files(actor=engineer, model=model, files={"config.json/x.json": file})

    def test_refuses_once_approved(self, engineer, approver, team, tmp_path):
        model = factories.approved(engineer, approver, team, tmp_path)
        files = factories.files_in(tmp_path / "b", config__json={"vocab_size": 9})

        with pytest.raises(VersionFrozenError):
            services.add_model_files(actor=engineer, model=model, files=files)

    def test_voids_approvals_under_review(self, engineer, team, tmp_path):
        model = factories.under_review(engineer, team, tmp_path)
        files = factories.files_in(tmp_path / "b", config__json={"vocab_size": 9})

        services.add_model_files(actor=engineer, model=model, files=files)

        assert AuditEvent.objects.filter(action="approvalrequest.void_approvals").exists()


class TestRemoveModelFile:
    def test_takes_it_off(self, engineer, team, tmp_path):
        model = factories.with_files(engineer, team, tmp_path)

        after = services.remove_model_file(actor=engineer, model=model, path="config.json")

        assert "architecture" not in after.facts
        assert after.digest != model.digest

    def test_says_so_when_there_is_none(self, engineer, team):
        with pytest.raises(NotFoundError, match=r"has no file 'x\.json'"):
            services.remove_model_file(actor=engineer, model=factories.draft(engineer, team), path="x.json")


class TestMaterialiseModel:
    def test_copies_the_files(self, engineer, team, tmp_path):
        model = factories.with_files(engineer, team, tmp_path / "in")

        services.materialise_model(model, tmp_path / "out", digest=model.digest)

        assert (tmp_path / "out" / "model.safetensors").read_bytes() == factories.safetensors()

    def test_refuses_other_files_than_those_that_were_meant(self, engineer, team, tmp_path):
        model = factories.with_files(engineer, team, tmp_path / "in")
        meant = model.digest
        swapped = factories.files_in(tmp_path / "swap", model__safetensors=factories.safetensors(fill=1))
        services.add_model_files(actor=engineer, model=model, files=swapped)

        with pytest.raises(FilesChangedError, match="have changed since this was asked for"):
            services.materialise_model(model, tmp_path / "out", digest=meant)

        assert not (tmp_path / "out").exists()

    def test_refuses_bytes_that_were_changed_in_storage(self, engineer, team, tmp_path):
        model = factories.draft(engineer, team)
        content = factories.safetensors(fill=42)
        files = factories.files_in(tmp_path / "in", model__safetensors=content)
        services.add_model_files(actor=engineer, model=model, files=files)
        place = storages["blobs"].path(blob_name(model.files.get().sha256))
        with Path(place).open("r+b") as file:
            file.seek(-1, 2)
            file.write(b"\x00")

        with pytest.raises(BlobDamagedError):
            services.materialise_model(model, tmp_path / "out", digest=ModelVersion.objects.get(pk=model.pk).digest)

        assert not (tmp_path / "out" / "model.safetensors").exists()
