"""What must hold before a change is taken, as a table.

    python -m llmops_portal.local.suite NAME ...      runs these in the order given; all of them, whatever fails
    python -m llmops_portal.local.suite all           everything; pytest comes last, so that its summary does

The exit status is 0 when everything passed.
"""

import argparse
import os
import subprocess
import sys
import time

from llmops_portal.local import browser, bytecode, environments, paths

PORTAL = [sys.executable, "-m"]
TRAIN = [str(environments.ENVIRONMENTS["train"].python), "-m"]

CHECKS: dict[str, list[list[str]]] = {
    "format": [[*PORTAL, "ruff", "format", "--check", "."]],
    "lint": [[*PORTAL, "ruff", "check", "."]],
    "types": [[*PORTAL, "mypy", "apps", "llmops_cli", "llmops_portal"]],
    "imports": [[str(environments.ENVIRONMENTS["dev"].path / "bin" / "lint-imports")]],
    "migrations": [[sys.executable, "manage.py", "makemigrations", "--check", "--dry-run"]],
    # Not --quiet: a warning that is not told does not count as one, and nothing would be strict.
    "docs": [[*PORTAL, "mkdocs", "build", "--strict", "--site-dir", ".cache/site"]],
    # Their own environment: the programs of the training and serving images know nothing of Django.
    "programs": [[*TRAIN, "pytest", "--quiet", f"apps/{app}/program"] for app in ("training", "serving")],
    "tests": [[*PORTAL, "pytest", "--numprocesses", "2"]],
}
STATIC = ("format", "lint", "types", "imports", "migrations")


def run(names: list[str]) -> list[str]:
    """Run checks, their output on the terminal, and return the names of those that failed."""
    failed: list[str] = []
    for name in names:
        if failed:
            print(f"\nFailed so far: {', '.join(failed)}", flush=True)
        print(f"\n== {name}", flush=True)
        if name == "tests":
            browser.ensure()
        began = time.monotonic()
        statuses = [_status(command) for command in CHECKS[name]]
        passed = not any(statuses)
        if not passed:
            failed.append(name)
        # Nothing after the tests: pytest's own summary is the last line.
        if name != "tests":
            print(f"{'passed' if passed else 'FAILED'} in {time.monotonic() - began:.1f} s", flush=True)
    return failed


def _status(command: list[str]) -> int:
    # Checks import the settings, which keep a key in VAR: not in the one that people use.
    scratch = {"VAR": str(paths.CHECKOUT / ".cache" / "suite"), "NO_MKDOCS_2_WARNING": "1"}
    environ = {**os.environ, **bytecode.kept_apart(os.environ), **scratch}
    return subprocess.run(command, cwd=paths.CHECKOUT, env=environ, check=False).returncode


def main() -> int:
    """Run the checks that the command line names."""
    parser = argparse.ArgumentParser(prog="suite", description="Run checks and tests.")
    parser.add_argument("names", nargs="+", choices=(*CHECKS, "static", "all"))
    wanted: list[str] = []
    for name in parser.parse_args().names:
        wanted += {"static": list(STATIC), "all": list(CHECKS)}.get(name, [name])
    try:
        return 1 if run(wanted) else 0
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
