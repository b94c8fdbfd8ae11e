"""The Python environments in .venv, made from the locks in requirements/ when they are missing or out of date.

    python3 -m llmops_portal.local.environments portal      what `make up` needs
    python3 -m llmops_portal.local.environments dev         the same environment, with the tools of tests and checks
    python3 -m llmops_portal.local.environments mlflow train

Only the standard library is used: this is the first thing that runs on a fresh machine.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - this line is what an older Python reads
    sys.exit("setup: Python 3.11 or newer is needed, this is %d.%d (%s)" % (*sys.version_info[:2], sys.executable))  # noqa: UP031

import argparse
import contextlib
import fcntl
import hashlib
import json
import shutil
import time
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from llmops_portal.local import installer, paths
from llmops_portal.local.installer import InstallError

ROOT = paths.CHECKOUT / ".venv"
STAMP = "llmops-stamp.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """One thing a person can ask for. Two may share a folder when one holds all of the other."""

    name: str
    folder: str
    size_gib: float
    contained_in: str | None = None

    @property
    def path(self) -> Path:
        """Where it is."""
        return ROOT / self.folder

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.path / "bin" / "python"

    @property
    def lock(self) -> Path:
        """What it is made of."""
        return installer.REQUIREMENTS / f"{self.name}.txt"

    def stamp(self) -> dict[str, str]:
        """Return what must be the same for the environment to be usable as it stands."""
        digest = hashlib.sha256(self.lock.read_bytes()).hexdigest()
        # An environment cannot be moved, and dies with the Python it was made from.
        return {
            "name": self.name,
            "lock": digest,
            "path": str(self.path.resolve()),
            "python": f"{sys.base_prefix} {sys.version}",
        }

    def made(self) -> dict[str, str]:
        """Return the stamp of the environment that is there; empty when none was finished."""
        try:
            return dict(json.loads((self.path / STAMP).read_text(encoding="utf-8")))
        except (FileNotFoundError, NotADirectoryError):
            return {}

    def is_current(self) -> bool:
        """Can it be used as it stands?"""
        return self.made() == self.stamp()


ENVIRONMENTS = {
    environment.name: environment
    for environment in (
        Environment(name="portal", folder="portal", size_gib=1.0, contained_in="dev"),
        Environment(name="dev", folder="portal", size_gib=1.3),
        Environment(name="mlflow", folder="mlflow", size_gib=0.9),
        Environment(name="train", folder="train", size_gib=1.2),
    )
}


def is_current(name: str) -> bool:
    """Is this environment there, or one that contains it?"""
    environment = ENVIRONMENTS[name]
    return environment.is_current() or bool(environment.contained_in and is_current(environment.contained_in))


def ensure(name: str) -> None:
    """Make an environment, or bring it up to date; return at once when there is nothing to do.

    Raises:
        InstallError: with what to do about it. The next call mends what was left.
    """
    if is_current(name):
        return
    environment = ENVIRONMENTS[name]
    # Somebody who once ran the tests keeps the tools.
    if environment.made().get("name") == environment.contained_in and environment.contained_in:
        environment = ENVIRONMENTS[environment.contained_in]
    with _alone():
        if not environment.is_current():
            _make(environment)


def _make(environment: Environment) -> None:
    began = time.monotonic()
    _refuse_without_room(environment)

    def tell(line: str) -> None:
        print(f"  {time.monotonic() - began:4.0f} s  {line}", flush=True)

    print(f"Setting up .venv/{environment.folder} from requirements/{environment.lock.name}", flush=True)
    uv = installer.Installer(ROOT / "uv", tell=tell)
    if environment.made():
        (environment.path / STAMP).unlink()
    else:
        # Never finished: a package that was half-way in would look installed.
        venv.create(environment.path, clear=True, with_pip=False)
    log = ROOT / f"{environment.folder}.log"
    log.unlink(missing_ok=True)
    uv.sync(environment.python, environment.lock, log=log)
    unwanted = installer.forbidden(_packages(environment.path))
    if unwanted:
        raise InstallError(f"the CUDA build of torch came into {environment.path} ({unwanted[0]}); take the CPU build")
    partial = environment.path / f"{STAMP}.part"
    partial.write_text(json.dumps(environment.stamp()), encoding="utf-8")
    partial.rename(environment.path / STAMP)
    tell("done")


def _packages(path: Path) -> list[str]:
    return [entry.name for entry in path.glob("lib/python3.*/site-packages/*.dist-info")]


def _refuse_without_room(environment: Environment) -> None:
    free_gib = shutil.disk_usage(ROOT).free / 2**30
    if free_gib < environment.size_gib:
        raise InstallError(f"{ROOT} has {free_gib:.1f} GiB free; {environment.name} needs {environment.size_gib} GiB")


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Keep a second set-up in the same checkout waiting."""
    try:
        ROOT.mkdir(exist_ok=True)
        file = (ROOT / "setup.lock").open("w")
    except OSError as error:
        raise InstallError(f"cannot write {error.filename}: {error.strerror}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Waiting for another set-up in this checkout to finish", flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def main(arguments: list[str] | None = None) -> int:
    """Make the environments named on the command line; 0 when all are usable."""
    parser = argparse.ArgumentParser(prog="environments", description="Make Python environments in .venv.")
    parser.add_argument("names", nargs="+", choices=sorted(ENVIRONMENTS), metavar="|".join(ENVIRONMENTS))
    try:
        for name in parser.parse_args(arguments).names:
            ensure(name)
    except InstallError as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("setup: stopped; run it again to go on", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
