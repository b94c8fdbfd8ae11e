"""`python -m apps.training.program run spec.json`: do the job whose folder is the current directory.

Exit codes: 0 the job succeeded, 1 it failed, 143 it was cancelled by SIGTERM, 75 another process is at it. Started
again after a crash it goes on; started again after a result it does nothing and exits as the result says.
"""

import argparse
import os
import signal
import sys
from pathlib import Path
from types import FrameType

from apps.training.program.errors import Cancelled, FolderBusyError, JobError
from apps.training.program.folder import JobFolder, Record
from apps.training.program.spec import Spec, TrainSpec, read_spec

EXIT_OF = {"succeeded": 0, "failed": 1, "cancelled": 128 + signal.SIGTERM}
EXIT_BUSY = 75

# A job reads what it was given, and nothing from any network but its tracking server.
_QUIET = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "DO_NOT_TRACK": "true",
    "GIT_PYTHON_REFRESH": "quiet",
    "TOKENIZERS_PARALLELISM": "false",
}


def main() -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(
        prog="apps.training.program", description="Do the training job in the current directory."
    )
    parser.add_argument("action", choices=["run"])
    parser.add_argument("spec", type=Path, help="the job's specification, usually spec.json")
    arguments = parser.parse_args()
    try:
        folder = JobFolder(Path.cwd())
    except FolderBusyError as error:
        print(error, file=sys.stderr)
        return EXIT_BUSY
    if folder.result is None:
        signal.signal(signal.SIGTERM, _cancel)
        run(arguments.spec, folder)
        # What arrives from here on is too late to change the result.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    else:
        print("The job has ended before; nothing is done again.")
    return EXIT_OF[folder.result["status"]]


def run(spec: Path, folder: JobFolder) -> None:
    """Do the job and write its result.

    What is not a refusal is a bug: the result says so, and the exception goes on to the log.
    """
    try:
        do(read_spec(spec), folder)
        folder.finish({"status": "succeeded"})
    except JobError as error:
        folder.finish(_failure(error, error.reason, error.detail))
    except Cancelled:
        folder.finish({"status": "cancelled", "reason": "The job was cancelled while it ran."})
    except Exception as error:
        folder.finish(_failure(error, "The training program failed unexpectedly; its log shows where.", repr(error)))
        raise


def do(spec: Spec, folder: JobFolder) -> None:
    """Do what `spec` asks; the libraries for it are loaded here.

    Raises:
        JobError: see `train` and `generate`.
    """
    os.environ |= {name: value for name, value in _QUIET.items() if name not in os.environ}
    # Loading torch takes seconds, and a malformed specification is refused without it.
    from transformers.utils import logging  # noqa: PLC0415

    logging.disable_progress_bar()
    if isinstance(spec, TrainSpec):
        from apps.training.program.train import train  # noqa: PLC0415

        train(spec, folder)
    else:
        from apps.training.program.generate import generate  # noqa: PLC0415

        generate(spec, folder)


def _failure(error: BaseException, reason: str, detail: str) -> Record:
    return {"status": "failed", "reason": reason, "error_type": type(error).__name__, "detail": detail}


def _cancel(_signal: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Cancelled


if __name__ == "__main__":
    sys.exit(main())
