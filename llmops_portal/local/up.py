"""Bring a portal up, tell a person how it goes, and take everything down again."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from llmops_portal.local import paths, postgres, processes
from llmops_portal.local.errors import LocalError
from llmops_portal.local.processes import Process
from llmops_portal.local.site import Site
from llmops_portal.local.supervisord import Ended, Supervisor
from llmops_portal.local.tail import Tail
from llmops_portal.local.unprivileged import tethered

READY_TIMEOUT_S = 90.0


class UpError(LocalError):
    """A part of the portal did not come up."""


class Up:
    """A portal from start to stop."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._services = processes.services(site)
        self._portal = processes.portal(site)
        self._mlflow = [processes.mlflow(site)] if site.starts_mlflow else []
        self._setup = [processes.setup(site)] if site.needs_setup() else []
        self._table = {p.name: p for p in (*self._services, *self._mlflow, *self._portal, *self._setup)}
        self._supervisor = Supervisor(site, self._table.values())
        self._waiting: dict[str, Callable[[], bool]] = {}
        self._began: dict[str, float] = {}
        self._setup_log = Tail(self._log("setup"), start=_length(self._log("setup")))

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Hold the portal up; inside the block it answers. Large environments may still be in the making.

        Raises:
            LocalError: a part did not come up.
        """
        print(f"Starting the portal of {self._site.var}; logs are in {paths.logs(self._site.var)}", flush=True)
        try:
            self._start()
            yield
        finally:
            began = time.monotonic()
            print("Stopping every process", flush=True)
            self._supervisor.stop()
            print(f"Stopped in {time.monotonic() - began:.1f} s", flush=True)

    def look(self) -> None:
        """Tell what happened since the last look.

        Raises:
            SupervisorError: supervisord is gone.
        """
        for ended in self._supervisor.ended():
            self._on_end(ended)
        for line in self._setup_log.lines():
            self._tell("setup", line)
        for name in [name for name, is_ready in self._waiting.items() if is_ready()]:
            del self._waiting[name]
            self._tell(name, f"ready in {time.monotonic() - self._began[name]:.1f} s")
            if name == "setup":
                self._launch(*self._mlflow)

    @property
    def is_complete(self) -> bool:
        """Is everything ready, or known not to become so?"""
        return not self._waiting

    def _start(self) -> None:
        if self._site.brings("DATABASE_URL"):
            with self._timed("postgres", "data directory is there"):
                postgres.of_var(self._site.var).initialise()
        self._supervisor.start()
        self._launch(*self._services)
        self._wait(*self._services)
        if self._site.brings("DATABASE_URL"):
            postgres.of_var(self._site.var).create_databases("llmops", "mlflow")
        self._manage("migrate", "--no-input")
        for line in self._manage("seed_local"):
            print(f"  {line}", flush=True)
        self._launch(*self._portal)
        self._wait(*self._portal)
        print(f"\n  The portal is at {self._site.url} - stop it with Ctrl-C\n", flush=True)
        # Last, since nobody waits for these and they would slow what people wait for.
        self._launch(*(self._setup or self._mlflow))

    def _launch(self, *wanted: Process) -> None:
        for process in wanted:
            self._supervisor.launch(process.name)
            self._expect(process)

    def _expect(self, process: Process) -> None:
        start = _length(self._log(process.name))
        self._began[process.name] = time.monotonic()
        self._waiting[process.name] = lambda: process.is_ready(start)

    def _wait(self, *wanted: Process) -> None:
        deadline = time.monotonic() + READY_TIMEOUT_S
        while missing := [process.name for process in wanted if process.name in self._waiting]:
            if time.monotonic() > deadline:
                raise UpError(f"{missing[0]} is not ready after {READY_TIMEOUT_S:.0f} s; see {self._log(missing[0])}")
            self.look()
            time.sleep(0.1)

    def _on_end(self, ended: Ended) -> None:
        process = self._table[ended.name]
        if process.once:
            # Ready or not, it comes to no more.
            if not process.is_ready(0):
                del self._waiting[ended.name]
                self._tell(ended.name, f"ended ({ended.cause}); start the portal again to try again")
        elif ended.gave_up:
            self._waiting.pop(ended.name, None)
            self._tell(ended.name, f"ended too often and is not started again; see {self._log(ended.name)}")
        else:
            self._tell(ended.name, f"ended ({ended.cause}), restarting")
            self._expect(process)

    def _manage(self, *arguments: str) -> list[str]:
        """Run a command of manage.py to its end and return what it said.

        Raises:
            UpError: it failed.
        """
        log = self._log(arguments[0])
        with self._timed(arguments[0], "done"), log.open("w+", encoding="utf-8") as output:
            ended = subprocess.run(
                tethered([sys.executable, "manage.py", *arguments]),
                cwd=paths.CHECKOUT,
                env=self._site.environ(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
            output.seek(0)
            said = output.read().splitlines()
            if ended.returncode != 0:
                raise UpError(f"{arguments[0]} failed: {said[-1] if said else 'it said nothing'} (all of it: {log})")
        return said

    @contextlib.contextmanager
    def _timed(self, name: str, done: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self._tell(name, f"{done} in {time.monotonic() - began:.1f} s")

    def _log(self, name: str) -> Path:
        return paths.logs(self._site.var) / f"{name}.log"

    @staticmethod
    def _tell(name: str, what: str) -> None:
        print(f"  {name:<10} {what}", flush=True)


def _length(log: Path) -> int:
    """Return the length of a log in bytes; 0 when there is none."""
    try:
        return log.stat().st_size
    except FileNotFoundError:
        return 0
