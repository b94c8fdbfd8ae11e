"""Stands in for the training environment's interpreter: a script of ours where the real one would be.

What is started is a real, detached process that keeps to the program's interface. The script decides by the file
`ending` beside it what it comes to, and counts its starts in `asked`; with `-I` it is asked for the packages it has.
"""

import shutil
import sys
from pathlib import Path


class FakeInterpreter:
    def __init__(self, folder: Path, script: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.python = folder / "python"
        self.python.write_text(f"#!{sys.executable}\n{script.read_text()}")
        self.python.chmod(0o755)
        self.ends_by("succeed")

    def ends_by(self, ending: str) -> None:
        (self.folder / "ending").write_text(ending)

    def go(self) -> None:
        """Let go on what waits for word."""
        (self.folder / "go").touch()

    @property
    def starts(self) -> int:
        asked = self.folder / "asked"
        return len(asked.read_text()) if asked.exists() else 0

    def uninstall(self) -> None:
        shutil.move(self.python, self.folder / "elsewhere")

    def install(self) -> None:
        shutil.move(self.folder / "elsewhere", self.python)
