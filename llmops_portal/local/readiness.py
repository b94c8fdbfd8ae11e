"""Is a process ready? Asked of the process itself, in the words it speaks."""

import http.client
import re
import socket
from pathlib import Path

TIMEOUT_S = 5.0


def http_answers(path: str, *, port: int | None = None, unix: Path | None = None) -> bool:
    """Does a web server on a loopback port or a Unix socket answer `path`, and not with a failure of its own?"""
    connection = _UnixConnection(unix) if unix is not None else http.client.HTTPConnection("127.0.0.1", port, TIMEOUT_S)
    try:
        connection.request("GET", path)
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def says(log: Path, pattern: str, *, start: int) -> bool:
    """Has the process written a line that fits `pattern` into its log, from byte `start` on?"""
    try:
        with log.open("rb") as file:
            file.seek(start)
            return re.search(pattern.encode(), file.read()) is not None
    except FileNotFoundError:
        return False


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))
