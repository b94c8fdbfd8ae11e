"""Where the arithmetic happens, and in which precision it really does."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import torch

from apps.training.program.errors import JobError, NoMemoryError

Precision = Literal["fp32", "bf16", "fp16"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    name: str
    """`cpu` or `cuda`, as torch calls it."""
    asked: Precision
    precision: Precision
    """What the job runs in; see `remark` where it is not what was asked."""
    remark: str = ""

    def facts(self) -> dict[str, Any]:
        """Return what ran, for the job's facts."""
        hardware = torch.cuda.get_device_name() if self.name == "cuda" else f"cpu, {torch.get_num_threads()} threads"
        return {"device": hardware, "precision": {"asked": self.asked, "ran": self.precision, "remark": self.remark}}


def choose_device(*, use_gpu: bool, precision: Precision) -> Device:
    """Return the device for a job.

    Raises:
        JobError: a GPU is asked for and there is none. A job that was meant for a GPU would run for days without one.
    """
    if not use_gpu:
        if precision == "fp32":
            return Device(name="cpu", asked=precision, precision="fp32")
        # Autocast to bf16 exists on CPUs, but without the instructions for it (most have none) it is slower than fp32.
        remark = f"{precision} was asked for; on a CPU the program computes in fp32."
        return Device(name="cpu", asked=precision, precision="fp32", remark=remark)
    if not torch.cuda.is_available():
        raise JobError("The job asks for a GPU and this machine offers none; set use_gpu to false or run it elsewhere.")
    if precision == "bf16" and not torch.cuda.is_bf16_supported(including_emulation=False):
        remark = "bf16 was asked for; this GPU has none, so the program computes in fp16."
        return Device(name="cuda", asked=precision, precision="fp16", remark=remark)
    return Device(name="cuda", asked=precision, precision=precision)


@contextmanager
def memory_watched(mend: str) -> Iterator[None]:
    """Turn torch's ways of saying that no memory is left into one.

    Raises:
        NoMemoryError: with `mend`, what would need less.
    """
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise NoMemoryError(f"The GPU ran out of memory; {mend}.", detail=str(error)) from error
    except RuntimeError as error:
        # On a CPU torch has no type for it.
        if "can't allocate memory" not in str(error):
            raise
        raise NoMemoryError(f"The machine ran out of memory; {mend}.", detail=str(error)) from error
