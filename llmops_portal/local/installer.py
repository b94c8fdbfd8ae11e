"""uv, in an environment of its own, doing the installing.

Only the standard library is used: this runs before anything is installed.
"""

import importlib.util
import os
import re
import subprocess
import sys
import venv
from collections.abc import Callable, Iterable
from pathlib import Path

from llmops_portal.local import paths, pip_settings
from llmops_portal.local.errors import LocalError
from llmops_portal.local.unprivileged import tethered

REQUIREMENTS = paths.CHECKOUT / "requirements"

# What uv says, and what a person should do about it; the first that fits is told.
EXPLANATIONS = {
    r"no version of torch==(?P<version>\S*\+cpu)": (
        "torch {version} for this Python was not found, and the CUDA build is never taken. Download the CPU wheel and "
        "name its folder: PIP_FIND_LINKS=/folder; or name an index that has it: PIP_EXTRA_INDEX_URL=…"
    ),
    r"error sending request for url \((?P<url>[^)]*)\)": (
        "cannot reach {url}; check the network, or name a mirror as for pip: PIP_INDEX_URL=…, PIP_FIND_LINKS=…"
    ),
    r"No space left on device": "the disk is full",
    r"Hash mismatch for `?(?P<package>[\w.+=-]+)": "{package} differs from the one that was locked; do not install it",
}


class InstallError(LocalError):
    """An environment could not be set up."""


class Installer:
    """uv with the settings the person gave pip."""

    def __init__(self, folder: Path, *, tell: Callable[[str], None]) -> None:
        """`folder`: the environment uv lives in, made when it is missing. `tell` hears each line of progress."""
        self._tell = tell
        self._program = folder / "bin" / "uv"
        if not self._is_usable():
            tell("Installing uv")
            _install_uv(folder)
        settings = pip_settings.read(folder / "bin" / "python")
        self._environ = {**os.environ, **pip_settings.for_uv(settings, os.environ), "UV_PYTHON_DOWNLOADS": "never"}
        self._flags = ["--no-index"] if pip_settings.no_index(settings) else []

    def sync(self, python: Path, lock: Path, *, log: Path) -> None:
        """Install exactly what `lock` says into the environment of `python`, every file checked against its digest.

        Raises:
            InstallError: with the cause; all of uv's words are in `log`.
        """
        command = ["pip", "sync", "--require-hashes", "--python", str(python), str(lock)]
        failure = self._run(command, log=log)
        if "no version of torch==" in failure:
            # uv knows where the project publishes its CPU builds. Asked second: the person's own source comes first.
            # When that cannot be reached either, the first answer is the one that tells a person what to do.
            failure = self._run([*command, "--torch-backend", "cpu"], log=log) and failure
        if failure:
            raise InstallError(f"{explain(failure)} (everything uv said: {log})")

    def lock(self, source: Path, target: Path) -> None:
        """Resolve `source` for every supported Python and platform and write `target`, with digests.

        Raises:
            InstallError: it does not resolve.
        """
        log = target.with_suffix(".log")
        failure = self._run(
            [
                *("pip", "compile", "--universal", "--python-version", "3.11", "--fork-strategy", "fewest"),
                *("--generate-hashes", "--no-header", "--no-emit-index-url", "--quiet", "--upgrade"),
                *("--output-file", str(target), str(source)),
            ],
            log=log,
        )
        if failure:
            raise InstallError(f"{source.name} does not resolve: {explain(failure)} (everything uv said: {log})")
        log.unlink()

    def _is_usable(self) -> bool:
        wanted = re.findall(r"^uv==(\S+)", (REQUIREMENTS / "uv.txt").read_text(encoding="utf-8"), re.MULTILINE)
        try:
            said = subprocess.run([self._program, "--version"], capture_output=True, text=True, check=True).stdout
        except (OSError, subprocess.CalledProcessError):
            return False
        return said.split()[1:2] == wanted

    def _run(self, arguments: list[str], *, log: Path) -> str:
        """Run uv, tell its progress line by line, and return what it said when it failed, else nothing."""
        said: list[str] = []
        with (
            log.open("a", encoding="utf-8") as file,
            subprocess.Popen(
                # Killed with us: left alone, it would go on installing beside the next run.
                tethered(
                    [str(self._program), *arguments, *self._flags, "--no-progress", "--color", "never"], signal="KILL"
                ),
                cwd=paths.CHECKOUT,
                env=self._environ,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            ) as process,
        ):
            for line in process.stderr or ():
                file.write(line)
                said.append(line)
                if is_progress(line):
                    self._tell(line.strip())
        return "" if process.returncode == 0 else "".join(said) or f"uv ended with {process.returncode}"


def is_progress(line: str) -> bool:
    """Is this line of uv's worth a person's time? One line for each of a hundred packages is not."""
    return line.strip().startswith(("Downloading ", "Prepared ", "Installed ", "Uninstalled ", "Building "))


def explain(failure: str) -> str:
    """Return one line for a person from what uv said."""
    for pattern, explanation in EXPLANATIONS.items():
        found = re.search(pattern, failure)
        if found:
            return explanation.format(**found.groupdict())
    return next((line.removeprefix("error: ") for line in failure.splitlines() if line.startswith("error: ")), failure)


def forbidden(packages: Iterable[str]) -> list[str]:
    """Return the packages that only a CUDA build of torch brings: several gigabytes that this machine cannot use."""
    return sorted(name for name in packages if name.startswith(("nvidia-", "nvidia_", "cuda-", "cuda_", "triton-")))


def _install_uv(folder: Path) -> None:
    # Debian's venv would print seven lines and exit.
    if importlib.util.find_spec("ensurepip") is None:
        raise InstallError(f"{sys.executable} lacks its module venv; on Debian: apt-get install python3-venv")
    try:
        venv.create(folder, clear=True, with_pip=True)
    except subprocess.CalledProcessError as error:
        cause = error.output.decode(errors="replace").strip().splitlines()[-1]
        raise InstallError(f"{sys.executable} cannot make an environment in {folder}: {cause}") from error
    installed = subprocess.run(
        [
            *(folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
            *("--require-hashes", "--only-binary", ":all:", "--requirement", REQUIREMENTS / "uv.txt"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if installed.returncode != 0:
        cause = installed.stderr.strip().splitlines()[-1].removeprefix("ERROR: ")
        raise InstallError(f"pip cannot install uv ({cause}); check the network, or name a mirror: PIP_INDEX_URL=…")
