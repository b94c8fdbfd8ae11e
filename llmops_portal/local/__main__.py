"""One portal on this machine.

python -m llmops_portal.local up        start everything, stay until Ctrl-C
python -m llmops_portal.local demo      the same, and show one job from dataset to answer
python -m llmops_portal.local status    what runs, and how much memory it takes
"""

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import environ

from llmops_portal.local import memory, paths, supervisord
from llmops_portal.local.errors import LocalError
from llmops_portal.local.site import Site, claim
from llmops_portal.local.unprivileged import tethered
from llmops_portal.local.up import Up

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stop(BaseException):
    """A person pressed Ctrl-C, closed the terminal, or the machine goes down."""


def _on_signal(_number: int, _frame: object) -> None:
    # Once: what follows is the orderly stop, and a second Ctrl-C must not cut it short.
    for kind in STOPPING:
        signal.signal(kind, signal.SIG_IGN)
    raise Stop


def run(*, with_demo: bool) -> int:
    """Hold a portal up until it is told to stop; return the exit status, that of the demo where it ends the run."""
    for kind in STOPPING:
        signal.signal(kind, _on_signal)
    try:
        with claim() as site, contextlib.ExitStack() as stack:
            up = Up(site)
            stack.enter_context(up.running())
            if with_demo:
                exit_status = _demo(site, up)
                if os.environ.get("DEMO_EXIT"):
                    return exit_status
            while True:
                up.look()
                time.sleep(0.5)
    except Stop:
        return 0


def _demo(site: Site, up: Up) -> int:
    """Run the demo when everything is ready, and return its exit status."""
    while not up.is_complete:
        up.look()
        time.sleep(0.5)
    with _ending(subprocess.Popen(tethered([sys.executable, "-m", "llmops_portal.demo"]), env=site.environ())) as demo:
        while demo.poll() is None:
            up.look()
            time.sleep(0.2)
    return demo.returncode


@contextlib.contextmanager
def _ending(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """Leave no process behind, whatever ends the block."""
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def status() -> int:
    """Print what runs with its memory; 0 when everything does."""
    var = paths.var_root()
    try:
        known = supervisord.call(var, "getAllProcessInfo")
        supervisor_pid = supervisord.call(var, "getPID")
    except OSError:
        print(f"No portal runs with VAR={var}", file=sys.stderr)
        return 1
    rows = [(info["name"], info["statename"].lower(), info["pid"]) for info in known]
    for name, state, pid in rows:
        used = f"{memory.proportional_mib(pid):7.0f} MiB" if pid else ""
        print(f"{name:<12} {state:<10} {pid or '':>8} {used:>12}")
    print(f"{'all':<12} {'':<10} {'':>8} {memory.proportional_mib(supervisor_pid):7.0f} MiB")
    return 0 if all(state in {"running", "exited"} for _, state, _ in rows) else 1


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m llmops_portal.local", description="One portal on this machine.")
    parser.add_argument("command", choices=("up", "demo", "status"))
    command = parser.parse_args().command
    environ.Env.read_env(os.environ.get("ENV_FILE", paths.CHECKOUT / ".env"))
    try:
        return status() if command == "status" else run(with_demo=command == "demo")
    except LocalError as error:
        print(f"{command}: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
