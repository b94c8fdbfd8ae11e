import hashlib
import json

import pytest

from apps.integrations.program import folder as job_folder


def lay(path, **files):
    (path / "output").mkdir()
    for name, content in files.items():
        (path / "output" / name).write_bytes(content)
    listed = [{"path": name, "sha256": hashlib.sha256(content).hexdigest()} for name, content in files.items()]
    (path / "manifest.json").write_text(json.dumps({"files": listed}))


class TestEventsFrom:
    def test_is_empty_before_the_program_writes(self, tmp_path):
        assert job_folder.events_from(tmp_path, 0) == job_folder.Events((), 0, 0)

    def test_leaves_a_line_that_is_not_whole_for_later(self, tmp_path):
        (tmp_path / "events.jsonl").write_text('{"kind": "phase"}\n{"kind": "lo')

        found = job_folder.events_from(tmp_path, 0)

        assert found == job_folder.Events(({"kind": "phase"},), 18, 0)
        assert job_folder.events_from(tmp_path, found.end) == job_folder.Events((), 18, 0)

    def test_counts_and_passes_over_lines_that_are_no_objects(self, tmp_path):
        (tmp_path / "events.jsonl").write_text('{"kind": "phase"}\n{"torn{"kind": 1}\n[]\n{"kind": "log"}\n')

        found = job_folder.events_from(tmp_path, 0)

        assert [record["kind"] for record in found.records] == ["phase", "log"]
        assert found.unreadable == 2

    def test_holds_no_text_that_cannot_be_kept(self, tmp_path):
        (tmp_path / "events.jsonl").write_text('{"message": "a\\u0000b \\ud800", "values": {"loss": NaN}}\n')

        found = job_folder.events_from(tmp_path, 0)

        assert found.records == ({"message": "a\ufffdb \ufffd", "values": {"loss": None}},)


class TestReadRecord:
    def test_holds_no_text_that_cannot_be_kept(self, tmp_path):
        (tmp_path / "result.json").write_text('{"status": "failed", "reason": "a\\u0000b"}')

        assert job_folder.read_record(tmp_path, "result.json") == {"status": "failed", "reason": "a\ufffdb"}


class TestVerifiedOutput:
    def test_returns_the_files_of_the_manifest(self, tmp_path):
        lay(tmp_path, a=b"1", b=b"2")

        assert job_folder.verified_output(tmp_path) == {"a": tmp_path / "output/a", "b": tmp_path / "output/b"}

    def test_refuses_other_bytes(self, tmp_path):
        lay(tmp_path, a=b"1")
        (tmp_path / "output/a").write_bytes(b"2")

        with pytest.raises(job_folder.OutputDamagedError, match="'a' has other bytes"):
            job_folder.verified_output(tmp_path)

    def test_refuses_a_missing_file(self, tmp_path):
        lay(tmp_path, a=b"1")
        (tmp_path / "output/a").unlink()

        with pytest.raises(job_folder.OutputDamagedError, match="'a' is missing"):
            job_folder.verified_output(tmp_path)

    def test_refuses_a_file_that_is_not_listed(self, tmp_path):
        lay(tmp_path, a=b"1")
        (tmp_path / "output/b").write_bytes(b"2")

        with pytest.raises(job_folder.OutputDamagedError, match="'b' is not listed"):
            job_folder.verified_output(tmp_path)

    def test_refuses_output_without_manifest(self, tmp_path):
        with pytest.raises(job_folder.OutputDamagedError, match=r"no manifest\.json"):
            job_folder.verified_output(tmp_path)
