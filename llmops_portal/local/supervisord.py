"""supervisord: keeps the processes of a table running, restarts what crashes, keeps their logs short."""

import contextlib
import os
import re
import shlex
import signal
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from supervisor.xmlrpc import SupervisorTransport

from llmops_portal.local import identity, paths
from llmops_portal.local.errors import LocalError
from llmops_portal.local.processes import Process
from llmops_portal.local.site import Site, supervisor_record
from llmops_portal.local.tail import Tail
from llmops_portal.local.unprivileged import tethered

START_TIMEOUT_S = 20.0
STOP_TIMEOUT_S = 60.0
RUNNING_STATES = {"STARTING", "RUNNING", "BACKOFF", "STOPPING"}

# What supervisord writes into its log: `exited: worker (terminated by SIGKILL; not expected)`.
EXITED = re.compile(r"exited: (?P<name>\S+) \((?P<cause>.*); (not )?expected\)")
GAVE_UP = re.compile(r"gave up: (?P<name>\S+) entered FATAL state")


class SupervisorError(LocalError):
    """supervisord did not start, or is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A process ended that was not told to. `gave_up`: too often, so it is not started again."""

    name: str
    cause: str
    gave_up: bool = False


class Supervisor:
    """One supervisord and the processes it may run; nothing runs before it is told to."""

    def __init__(self, site: Site, processes: Iterable[Process]) -> None:
        self._site = site
        self._processes = {process.name: process for process in processes}
        self._log = paths.logs(site.var) / "supervisord.log"
        self._events = Tail(self._log)
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start supervisord, which ends itself and everything below it when this process dies.

        Raises:
            SupervisorError: it does not answer.
        """
        self._log.write_text("", encoding="utf-8")
        conf = paths.run(self._site.var) / "supervisord.conf"
        conf.write_text(render(self._site.var, self._processes.values()), encoding="utf-8")
        with self._log.open("ab") as output:
            # A session of its own: Ctrl-C on the terminal is for us, and we stop it in good order.
            self._child = subprocess.Popen(
                tethered([sys.executable, "-m", "supervisor.supervisord", "--configuration", str(conf)]),
                env=self._site.environ(),
                cwd=paths.CHECKOUT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=output,
                start_new_session=True,
            )
        known = identity.identify(self._child.pid)
        if known is not None:
            known.write(supervisor_record(self._site.var))
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._answers():
            if self._child.poll() is not None or time.monotonic() > deadline:
                raise SupervisorError(f"the supervisor did not start; see {self._log}")
            time.sleep(0.05)

    def launch(self, name: str) -> None:
        """Start one process; it need not be ready yet."""
        self._call("startProcess", name, False)

    def ended(self) -> Iterator[Ended]:
        """Yield what ended since the last call.

        Raises:
            SupervisorError: supervisord itself did.
        """
        if self._child is None or self._child.poll() is not None:
            raise SupervisorError(f"the supervisor ended, and everything with it; see {self._log}")
        for line in self._events.lines():
            ended = parse_event(line)
            if ended is not None:
                yield ended

    def stop(self) -> None:
        """Stop every process, the last tier first, then supervisord."""
        if self._child is None:
            return
        # By itself supervisord takes a second for each process it knows, running or not.
        with contextlib.suppress(OSError):
            for tier in sorted({process.tier for process in self._processes.values()}, reverse=True):
                self._stop_tier([process for process in self._processes.values() if process.tier == tier])
        self._child.terminate()
        try:
            self._child.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            # What it started is tethered to it, and ends with it.
            self._child.kill()
            self._child.wait()
        supervisor_record(self._site.var).unlink(missing_ok=True)

    def _stop_tier(self, processes: list[Process]) -> None:
        running = [process for process in processes if self._state(process) in RUNNING_STATES]
        for process in running:
            # It may have ended since it was asked.
            with contextlib.suppress(xmlrpc.client.Fault):
                self._call("stopProcess", process.name, False)
        deadline = time.monotonic() + max((process.stop_within_s for process in running), default=0) + 2
        while time.monotonic() < deadline and any(self._state(process) in RUNNING_STATES for process in running):
            time.sleep(0.05)

    def _state(self, process: Process) -> str:
        return str(self._call("getProcessInfo", process.name)["statename"])

    def _answers(self) -> bool:
        try:
            self._call("getState")
        except (OSError, xmlrpc.client.ProtocolError):
            return False
        return True

    def _call(self, method: str, *arguments: object) -> Any:
        return call(self._site.var, method, *arguments)


def parse_event(line: str) -> Ended | None:
    """Return what ended according to a line of supervisord's log, if it says so."""
    if found := EXITED.search(line):
        return Ended(name=found["name"], cause=_in_words(found["cause"]))
    if found := GAVE_UP.search(line):
        return Ended(name=found["name"], cause="too often", gave_up=True)
    return None


def call(var: Path, method: str, *arguments: object) -> Any:
    """Ask the supervisord of a VAR; its methods are those of `supervisor.*` in its XML-RPC interface.

    Raises:
        OSError: none answers.
    """
    transport = SupervisorTransport(None, None, f"unix://{paths.supervisor_socket(var)}")
    with xmlrpc.client.ServerProxy("http://localhost", transport=transport) as server:
        return getattr(server.supervisor, method)(*arguments)


def render(var: Path, processes: Iterable[Process]) -> str:
    """Return supervisord's configuration for a table of processes.

    Raises:
        SupervisorError: its format cannot hold a path or an argument.
    """
    sections: dict[str, dict[str, object]] = {
        "supervisord": {
            "nodaemon": "true",
            "directory": paths.CHECKOUT,
            "logfile": paths.logs(var) / "supervisord.log",
            "logfile_maxbytes": 0,
            "pidfile": paths.run(var) / "supervisord.pid",
            # Said aloud, or it warns at each start.
            **({"user": "root"} if os.geteuid() == 0 else {}),
        },
        "unix_http_server": {"file": paths.supervisor_socket(var), "chmod": "0700"},
        "rpcinterface:supervisor": {
            "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"
        },
    }
    for order, process in enumerate(processes, start=1):
        sections[f"program:{process.name}"] = {
            "command": shlex.join(process.command),
            "priority": order,
            "autostart": "false",
            "autorestart": "false" if process.once else "true",
            "startsecs": 0 if process.once else 1,
            "startretries": 20,
            "stopsignal": process.stop_signal,
            "stopwaitsecs": process.stop_within_s,
            "stopasgroup": "true",
            "killasgroup": "true",
            "redirect_stderr": "true",
            "stdout_logfile": paths.logs(var) / f"{process.name}.log",
            "stdout_logfile_maxbytes": "10MB",
            "stdout_logfile_backups": 2,
        }
    return "\n".join(
        f"[{name}]\n" + "".join(f"{key} = {_quoted(str(value))}\n" for key, value in options.items())
        for name, options in sections.items()
    )


def _quoted(value: str) -> str:
    if re.search(r"\s[;#]", value):
        raise SupervisorError(f"supervisord takes the rest of {value!r} for a comment; name a VAR without blanks")
    return value.replace("%", "%%")


def _in_words(cause: str) -> str:
    """Return a cause as people say it: `signal 9` for `terminated by SIGKILL`; others are words already."""
    killed = re.fullmatch(r"terminated by (SIG\w+)( \(core dumped\))?", cause)
    return f"signal {signal.Signals[killed[1]].value}" if killed else cause
