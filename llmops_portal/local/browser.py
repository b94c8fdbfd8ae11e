"""The browser of the tests: the system's Chromium. Root on Debian gets it installed; others hear what is not run."""

import os
import shutil
import subprocess
import sys

PROGRAMS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
# The fonts hold Korean, which pages of the demo show.
PACKAGES = ("chromium", "fonts-dejavu-core", "fonts-noto-cjk")


def program() -> str | None:
    """Return the browser's path (the variable CHROMIUM, or the first that is installed); None when there is none."""
    named = os.environ.get("CHROMIUM")
    return named or next((found for name in PROGRAMS if (found := shutil.which(name))), None)


def ensure() -> None:
    """Install a browser where that is possible; else say which tests will be skipped."""
    if program() is None and os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"Installing {', '.join(PACKAGES)}", flush=True)
        _apt_get("update")
        _apt_get("install", "--yes", "--no-install-recommends", *PACKAGES)
    if program() is None:
        print(f"No browser here, so the tests marked `browser` are skipped; on Debian: apt-get install {PACKAGES[0]}")


def _apt_get(*arguments: str) -> None:
    done = subprocess.run(
        ["apt-get", "--quiet=2", *arguments],
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        print(f"apt-get {arguments[0]} failed: {done.stderr.strip()}", file=sys.stderr, flush=True)
