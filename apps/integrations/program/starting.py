"""Starting the program."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings

from apps.integrations.orchestration.base import ProcessSpec

NEEDED = ("torch", "transformers", "tokenizers", "safetensors", "accelerate", "peft", "pydantic")
PROBE = "import importlib.metadata as m, sys; [m.version(name) for name in sys.argv[1:]]"
PROBE_TIMEOUT_S = 30
NICENESS = 10  # who waits for an answer goes before who waits for a model


def program_process(name: str, spec: Mapping[str, Any], files: Mapping[str, bytes] | None = None) -> ProcessSpec:
    """Return the process that does the job of `spec` in its folder.

    Args:
        name: of the process.
        spec: the program's own `spec.json`.
        files: further small files for the folder.
    """
    written = {"spec.json": json.dumps(spec, ensure_ascii=False, indent=2).encode(), **(files or {})}
    return ProcessSpec(name=name, argv=program_command(), env=program_environment(), files=written, niceness=NICENESS)


def program_command() -> tuple[str, ...]:
    """Return the command line, the same for every job."""
    # -P: the job's folder holds files of other people, and nothing is ever imported from it.
    return (settings.TRAIN_PYTHON, "-P", "-m", "apps.training.program", "run", "spec.json")


def program_environment() -> dict[str, str]:
    """Return the variables that the program gets beside those of every process."""
    return {
        "PYTHONPATH": str(settings.BASE_DIR),
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": str(settings.LOCAL_JOB_THREADS),
    }


def environment_trouble() -> str:
    """Return why the program cannot be started yet, as a sentence for a person; "" when it can."""
    python = settings.TRAIN_PYTHON
    if not Path(python).exists():
        return f"The training environment is not installed yet ({python} is missing); jobs start once it is."
    try:
        subprocess.run(
            [python, "-I", "-c", PROBE, *NEEDED], check=True, capture_output=True, timeout=PROBE_TIMEOUT_S, cwd="/"
        )
    except subprocess.CalledProcessError as error:
        last = error.stderr.decode(errors="replace").strip().splitlines()[-1:]
        return f"The training environment is not complete yet ({''.join(last)}); jobs start once it is."
    except subprocess.TimeoutExpired:
        return f"The training environment did not answer in {PROBE_TIMEOUT_S} s; it is asked again."
    except OSError as error:
        return f"The training environment cannot be used: {python}: {error.strerror}."
    return ""
