import hashlib
from pathlib import Path

import pytest

from apps.core import blobs
from apps.core.errors import TooLargeError


def quarantined(settings) -> list[Path]:
    return list(Path(settings.QUARANTINE_DIR).iterdir())


@pytest.fixture(autouse=True)
def folders(settings, tmp_path):
    settings.QUARANTINE_DIR = tmp_path / "quarantine"
    settings.STORAGES = {
        **settings.STORAGES,
        "blobs": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path / "storage"},
        },
    }


class TestReceived:
    def test_gives_the_digest_of_what_arrived_and_keeps_nothing_by_itself(self, settings):
        with blobs.received([b"ab", b"c"]) as (path, blob):
            assert path.read_bytes() == b"abc"

        assert blob == blobs.Blob(hashlib.sha256(b"abc").hexdigest(), 3)
        assert quarantined(settings) == []
        assert not blobs.blob_storage().exists(blobs.blob_name(blob.sha256))

    def test_stops_at_the_limit_and_leaves_nothing(self, settings):
        taken = []

        def chunks():
            for _ in range(10):
                taken.append(1)
                yield b"12345"

        with pytest.raises(TooLargeError), blobs.received(chunks(), limit_bytes=12):
            pass

        assert len(taken) == 3
        assert quarantined(settings) == []


class TestKeepBlob:
    def test_stores_the_same_bytes_once(self, tmp_path):
        source = tmp_path / "file"
        source.write_bytes(b"same")

        first, second = blobs.store_file(source), blobs.store_file(source)

        assert first == second
        assert [path.read_bytes() for path in (tmp_path / "storage").rglob("*") if path.is_file()] == [b"same"]

    def test_mends_bytes_that_an_interrupted_write_left_short(self, tmp_path):
        source = tmp_path / "file"
        source.write_bytes(b"whole")
        blob = blobs.store_file(source)
        stored = tmp_path / "storage" / blobs.blob_name(blob.sha256)
        stored.chmod(0o644)
        stored.write_bytes(b"wh")

        blobs.store_file(source)

        assert stored.read_bytes() == b"whole"


class TestCopyBlob:
    def test_copies_what_was_stored(self, tmp_path):
        source = tmp_path / "file"
        source.write_bytes(b"weights")
        blob = blobs.store_file(source)

        blobs.copy_blob(blob.sha256, tmp_path / "out" / "model.safetensors")

        assert (tmp_path / "out" / "model.safetensors").read_bytes() == b"weights"

    def test_is_heard_of_after_each_piece_and_ends_when_nobody_wants_it_any_more(self, tmp_path):
        source = tmp_path / "file"
        source.write_bytes(b"x" * (2 * blobs.CHUNK_BYTES + 1))
        blob = blobs.store_file(source)
        heard = []

        def unwanted():
            heard.append(1)
            if len(heard) == 2:
                raise InterruptedError

        with pytest.raises(InterruptedError):
            blobs.copy_blob(blob.sha256, tmp_path / "out" / "model.safetensors", beat=unwanted)

        assert list((tmp_path / "out").iterdir()) == []

    def test_refuses_bytes_that_changed_in_the_store_and_leaves_no_file(self, tmp_path):
        source = tmp_path / "file"
        source.write_bytes(b"weights")
        blob = blobs.store_file(source)
        stored = tmp_path / "storage" / blobs.blob_name(blob.sha256)
        stored.chmod(0o644)
        stored.write_bytes(b"weightz")

        with pytest.raises(blobs.BlobDamagedError):
            blobs.copy_blob(blob.sha256, tmp_path / "out" / "model.safetensors")

        assert list((tmp_path / "out").iterdir()) == []
