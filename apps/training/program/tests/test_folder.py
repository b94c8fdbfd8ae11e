import json

import pytest

from apps.training.program.errors import FolderBusyError
from apps.training.program.folder import JobFolder, Lines, sha256_of, write_json


class TestLines:
    def test_cuts_off_a_line_torn_by_a_crash(self, tmp_path):
        path = tmp_path / "events.jsonl"
        path.write_bytes(b'{"n": 1}\n{"n": 2}\n{"n": "\xed\x99')

        lines = Lines(path)
        lines.append({"n": 3})

        assert [line["n"] for line in lines] == [1, 2, 3]

    def test_keeps_text_readable(self, tmp_path):
        lines = Lines(tmp_path / "events.jsonl")

        lines.append({"text": "환불"})

        assert "환불" in lines.path.read_text(encoding="utf-8")


class TestWriteJson:
    def test_leaves_the_old_file_when_the_value_cannot_be_written(self, tmp_path):
        path = tmp_path / "facts.json"
        write_json(path, {"steps": 1})

        with pytest.raises(TypeError):
            write_json(path, {"steps": object()})

        assert json.loads(path.read_text()) == {"steps": 1}


class TestJobFolder:
    def test_is_held_by_one_process_at_a_time(self, tmp_path):
        first = JobFolder(tmp_path)

        with pytest.raises(FolderBusyError):
            JobFolder(tmp_path)
        assert first.result is None

    def test_records_a_step_that_is_taken_again_once(self, tmp_path):
        path = tmp_path / "job"
        path.mkdir()
        (path / "events.jsonl").write_text('{"kind": "metric", "step": 5, "total_steps": 9, "values": {"loss": 2}}\n')
        folder = JobFolder(path)

        folder.metric(5, 9, {"loss": 2.0})
        folder.metric(5, 9, {"eval_loss": 3.0})
        folder.metric(6, 9, {"loss": 1.0})

        assert [(event["step"], *event["values"]) for event in folder.events] == [
            (5, "loss"),
            (5, "eval_loss"),
            (6, "loss"),
        ]
        assert folder.last("loss") == 1.0

    def test_lists_every_file_of_the_output_by_path(self, tmp_path):
        folder = JobFolder(tmp_path)
        for name in ("b.txt", "a/z.txt", "a.txt"):
            (folder.output / name).parent.mkdir(parents=True, exist_ok=True)
            (folder.output / name).write_text(name)

        folder.pack({"steps": 1})

        manifest = json.loads((tmp_path / "manifest.json").read_text())
        assert [file["path"] for file in manifest["files"]] == ["a.txt", "a/z.txt", "b.txt"]
        assert manifest["files"][1] == {
            "path": "a/z.txt",
            "size_bytes": 7,
            "sha256": sha256_of(folder.output / "a/z.txt"),
        }

    def test_keeps_the_first_result(self, tmp_path):
        folder = JobFolder(tmp_path)

        folder.finish({"status": "succeeded"})
        folder.finish({"status": "cancelled", "reason": "too late"})

        assert folder.result == {"status": "succeeded"}
