"""Stands in for the model server in tests: the same files and HTTP, without a model. Standard library only.

What the model is called decides how it behaves: `broken...` fails to start, `refused...` refuses its files, `slow...`
takes a second to get ready.
"""

import hashlib
import http.server
import json
import sys
import time
from pathlib import Path

SPEC = json.loads(Path(sys.argv[2]).read_text())
NAME = SPEC["model_name"]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._answer({"status": "ok", "model": NAME})

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if asked["model"] != NAME:
            self.send_error(404)
            return
        said = {"role": "assistant", "content": asked["messages"][-1]["content"].upper()}
        usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
        choices = [{"index": 0, "message": said, "finish_reason": "stop"}]
        self._answer({"id": "c", "object": "chat.completion", "model": NAME, "choices": choices, "usage": usage})

    def _answer(self, body: dict[str, object]) -> None:
        content = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


def end(error_type: str, reason: str) -> None:
    Path("result.json").write_text(json.dumps({"status": "failed", "reason": reason, "error_type": error_type}))
    sys.exit(f"failed: {reason}")


if NAME.startswith("broken"):
    end("RuntimeError", "The model cannot be loaded.")
if NAME.startswith("refused"):
    end("VerificationError", "The model's file config.json is not the one that was approved.")
for file in SPEC["manifest"]["files"]:
    if hashlib.sha256(Path(SPEC["model_dir"], file["path"]).read_bytes()).hexdigest() != file["sha256"]:
        end("VerificationError", f"The model's file {file['path']} is not the one that was approved.")
if NAME.startswith("slow"):
    time.sleep(1)
server = http.server.ThreadingHTTPServer(("127.0.0.1", SPEC["port"]), Handler)
sys.stdout.write(f"listening on http://127.0.0.1:{server.server_port}\n")
sys.stdout.flush()
server.serve_forever()
