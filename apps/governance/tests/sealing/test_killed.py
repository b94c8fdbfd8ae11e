"""`kill -9` between any two lines of sealing and copying."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import pytest
from django.conf import settings as portal
from django.db import connections

from apps.governance.models import AuditAlarm, AuditCheckpoint
from apps.governance.services import copies, sealing
from apps.governance.tests.sealing.conftest import seal_all
from apps.governance.tests.sealing.test_notes import VERIFY
from apps.governance.tests.sealing.test_sealing import assert_sealed_whole

APPS = Path(portal.BASE_DIR, "apps", "governance")
WATCHED = {str(APPS / "services" / name) for name in ("sealing.py", "copies.py")} | {
    str(APPS / "sealing" / name) for name in ("tiles.py", "notes.py", "stores.py")
}


def work() -> None:
    sealing.seal_events()
    copies.copy_to_folder()


def traced(do: Callable[[], None], seen: Callable[[str, int], None]) -> None:
    """Do something and hear of every line of the sealer before it runs."""

    def trace(frame: FrameType, event: str, _: object):
        if frame.f_code.co_filename not in WATCHED:
            return None
        if event == "line":
            seen(frame.f_code.co_filename, frame.f_lineno)
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        do()
    finally:
        sys.settrace(before)


def killed_at(step: int) -> None:
    """Do the work in a process of its own that is killed before it runs a line for the `step`th time."""
    connections["default"].close()
    connections["default"].close_pool()
    child = os.fork()
    if child == 0:
        left = step

        def count(_: str, __: int) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        try:
            traced(work, count)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert status == signal.SIGKILL, "it ended before it was killed"


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
def test_leaves_what_the_next_run_goes_on_from(happen, log_folder):
    happen(300, said="first")
    work()
    signed = {checkpoint.size: checkpoint.note for checkpoint in AuditCheckpoint.objects.all()}
    lines: list[tuple[str, int]] = []
    happen(260, said="rehearsal")
    traced(work, lambda file, line: lines.append((file, line)))
    firsts = [step for step, line in enumerate(lines, 1) if line not in lines[: step - 1]]
    assert len(firsts) > 100, "the run takes most lines of the sealer"

    for step in firsts:
        happen(2 if step % 7 else 300, said=f"killed at {step}")
        killed_at(step)
        for checkpoint in AuditCheckpoint.objects.all():
            assert signed.setdefault(checkpoint.size, checkpoint.note) == checkpoint.note

    happen(1, said="last")
    seal_all()
    assert_sealed_whole()
    assert not AuditAlarm.objects.exists()
    key = sealing.outside.signer().verifier_key
    assert VERIFY.sealed_in(log_folder, key)[0].size == AuditCheckpoint.objects.latest("size").size
    kept = {path.read_text() for path in (log_folder / "checkpoints").rglob("*") if path.is_file()}
    assert kept == {checkpoint.note for checkpoint in AuditCheckpoint.objects.all()}
