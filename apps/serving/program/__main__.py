"""`python -m apps.serving.program serve spec.json`: serve one verified model until SIGTERM.

Exit codes: 98 the port is taken; 1 the model or the specification is refused. Both leave `result.json` beside the
specification, `{"status": "failed", "reason", "error_type", "detail"}`. A server that was told to stop leaves none and
ends by that signal.
"""

import argparse
import asyncio
import json
import os
import sys
from pathlib import Path

from apps.serving.program.errors import PortTakenError, StartError
from apps.serving.program.server import listen, serve
from apps.serving.program.spec import read_spec

EXIT_FAILED = 1
EXIT_PORT_TAKEN = 98

# The server reads the files it verified, and nothing from any network.
_OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}


def main() -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(prog="apps.serving.program", description="Serve one verified model.")
    parser.add_argument("action", choices=["serve"])
    parser.add_argument("spec", type=Path, help="what to serve, usually spec.json")
    spec = parser.parse_args().spec
    result = spec.with_name("result.json")
    result.unlink(missing_ok=True)
    os.environ |= _OFFLINE
    try:
        run(spec)
    except StartError as error:
        _write(result, error, error.reason, error.detail)
        return EXIT_PORT_TAKEN if isinstance(error, PortTakenError) else EXIT_FAILED
    except Exception as error:
        _write(result, error, "The model server failed unexpectedly; its log shows where.", repr(error))
        raise
    return 0


def run(path: Path) -> None:
    """Serve what the specification at `path` asks for.

    Raises:
        StartError: see its subclasses.
    """
    spec = read_spec(path)
    with listen(spec.host, spec.port) as listener:
        asyncio.run(serve(spec, listener))


def _write(path: Path, error: Exception, reason: str, detail: str) -> None:
    content = {"status": "failed", "reason": reason, "error_type": type(error).__name__, "detail": detail}
    partial = path.with_name(path.name + ".part")
    partial.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    partial.replace(path)
    print(f"failed: {reason}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
