"""How a job ended, told from its result and from how its process ended."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from apps.integrations.orchestration.base import Observation
from apps.integrations.program.folder import read_record

SIGNALS = {
    6: "It aborted (signal 6).",
    9: "It was killed by signal 9. This is often out of memory: lower batch_size or max_seq_len, or give it more.",
    11: "It crashed (signal 11).",
    15: "It was stopped from outside (signal 15), not through the portal. Retry it.",
}


class Ending(StrEnum):
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended, with a reason for a person unless it succeeded."""

    ending: Ending
    reason: str = ""


def outcome_of(folder: Path, seen: Observation) -> Outcome:
    """Return how the job in `folder` ended, whose process was seen to have exited.

    A result stands, however the process ended after it was written.
    """
    result = read_record(folder, "result.json")
    if result is not None:
        return _told(result)
    if seen.error:
        return Outcome(Ending.FAILED, f"It could not be started: {seen.error}")
    if seen.signal is not None:
        return Outcome(Ending.FAILED, SIGNALS.get(seen.signal, f"It was ended by signal {seen.signal}."))
    if seen.exit_code is not None:
        why = f"The program ended with exit code {seen.exit_code} and without a result; its log shows why."
        return Outcome(Ending.FAILED, why)
    why = "Its process is gone and nobody saw how it ended: the machine went down, or it was killed. Retry it."
    return Outcome(Ending.LOST, why)


def _told(result: dict[str, str]) -> Outcome:
    if result["status"] == "succeeded":
        return Outcome(Ending.SUCCEEDED)
    if result["status"] == "cancelled":
        return Outcome(Ending.FAILED, SIGNALS[15])
    return Outcome(Ending.FAILED, result.get("reason") or "The program failed and gave no reason.")
