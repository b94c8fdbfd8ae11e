import json

import pytest

from apps.integrations.orchestration.base import Observation, ProcessState
from apps.integrations.program.outcome import Ending, outcome_of


def exited(**how) -> Observation:
    return Observation(state=ProcessState.EXITED, **how)


class TestOutcome:
    @pytest.mark.parametrize(
        ("seen", "ending", "reason"),
        [
            (exited(signal=9), Ending.FAILED, "out of memory"),
            (exited(signal=15), Ending.FAILED, "stopped from outside"),
            (exited(signal=31), Ending.FAILED, "signal 31"),
            (exited(exit_code=3), Ending.FAILED, "exit code 3"),
            (exited(exit_code=0), Ending.FAILED, "without a result"),
            (exited(error="/python: No such file"), Ending.FAILED, "could not be started: /python: No such file"),
            (exited(), Ending.LOST, "nobody saw how it ended"),
        ],
    )
    def test_without_a_result_is_told_from_how_the_process_ended(self, tmp_path, seen, ending, reason):
        outcome = outcome_of(tmp_path, seen)

        assert outcome.ending == ending
        assert reason in outcome.reason

    @pytest.mark.parametrize("seen", [exited(exit_code=0), exited(signal=9), exited()])
    def test_a_result_stands_however_the_process_ended(self, tmp_path, seen):
        (tmp_path / "result.json").write_text(json.dumps({"status": "succeeded"}))

        assert outcome_of(tmp_path, seen).ending == Ending.SUCCEEDED

    def test_a_failure_gives_the_programs_own_reason(self, tmp_path):
        (tmp_path / "result.json").write_text(json.dumps({"status": "failed", "reason": "The loss diverged."}))

        outcome = outcome_of(tmp_path, exited(exit_code=1))

        assert (outcome.ending, outcome.reason) == (Ending.FAILED, "The loss diverged.")

    def test_cancelled_by_somebody_else_is_a_failure(self, tmp_path):
        (tmp_path / "result.json").write_text(json.dumps({"status": "cancelled"}))

        assert outcome_of(tmp_path, exited(exit_code=143)).ending == Ending.FAILED
