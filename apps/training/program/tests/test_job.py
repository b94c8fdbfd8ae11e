"""The program as a process: started, killed, stopped, started again."""

import signal
import time

from .conftest import Process, pretrain_spec

DEADLINE_S = 180  # a cap, not a wish: a busy machine takes half a minute to load torch


def wait_for(condition):
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


class TestKilled:
    def test_goes_on_and_ends_with_the_weights_of_a_run_that_was_not(self, corpus, tmp_path):
        spec = pretrain_spec(corpus, hyperparams={"num_epochs": 30}, checkpoint_every_s=0.05)
        whole = Process(tmp_path / "whole", spec)
        assert whole.popen.wait(DEADLINE_S) == 0

        killed = Process(tmp_path / "killed", spec)
        wait_for(lambda: sum(event["kind"] == "checkpoint" for event in killed.events()) >= 2)
        killed.popen.send_signal(signal.SIGKILL)
        killed.popen.wait(DEADLINE_S)
        assert not (killed.path / "result.json").exists()
        (killed.path / "checkpoints" / "checkpoint-9999").mkdir()  # as a kill in the middle of a checkpoint leaves it
        again = Process(tmp_path / "killed", spec)
        assert again.popen.wait(DEADLINE_S) == 0

        assert any("Going on from the checkpoint" in event.get("message", "") for event in again.events())
        assert (again.path / "manifest.json").read_text() == (whole.path / "manifest.json").read_text()
        assert steps(again) == steps(whole)


def steps(process):
    """Return the steps of the curve. The first loss after a checkpoint is a mean over fewer steps and may differ."""
    return [event["step"] for event in process.events() if event["kind"] == "metric" and "loss" in event["values"]]


class TestCancelled:
    def test_stops_soon_and_says_so(self, corpus, tmp_path):
        process = Process(tmp_path / "job", pretrain_spec(corpus, hyperparams={"num_epochs": 10_000}))
        wait_for(lambda: any(event["kind"] == "metric" for event in process.events()))

        process.popen.terminate()

        assert process.popen.wait(10) == 143
        assert process.result()["status"] == "cancelled"
        assert not (process.path / "output").exists()


class TestStartedTwice:
    def test_the_second_leaves_the_first_alone(self, corpus, tmp_path):
        spec = pretrain_spec(corpus, hyperparams={"num_epochs": 10_000})
        first = Process(tmp_path / "job", spec)
        wait_for(lambda: first.events())

        second = Process(tmp_path / "job", spec)

        assert second.popen.wait(DEADLINE_S) == 75
        assert first.popen.poll() is None
        first.popen.kill()
        first.popen.wait()

    def test_a_finished_job_is_not_done_again(self, tmp_path):
        (tmp_path / "result.json").write_text('{"status": "succeeded"}')

        again = Process(tmp_path, "not even read")

        assert again.popen.wait(DEADLINE_S) == 0
        assert again.events() == []


class TestFailed:
    def test_leaves_a_sentence_for_a_person(self, corpus, tmp_path):
        spec = pretrain_spec(corpus)
        spec["dataset_files"][0]["sha256"] = "0" * 64

        process = Process(tmp_path / "job", spec)

        assert process.popen.wait(DEADLINE_S) == 1
        result = process.result()
        assert (result["status"], result["error_type"]) == ("failed", "DataError")
        assert "not the one that was approved" in result["reason"]
        assert not (process.path / "output").exists()

    def test_refuses_a_bad_specification_before_anything(self, tmp_path):
        process = Process(tmp_path / "job", '{"command": "train"}')

        assert process.popen.wait(DEADLINE_S) == 1
        assert process.result()["error_type"] == "SpecError"
        assert process.events() == []
