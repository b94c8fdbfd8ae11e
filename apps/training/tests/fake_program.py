"""Stands in for the training environment's interpreter: a real process that writes what the training program writes.

Which of the endings below it comes to is said in the file `ending` beside it; `asked` beside it counts its starts.
"""
# ruff: noqa: T201  # standard output is the job's log

import hashlib
import json
import os
import signal
import sys
import time
from pathlib import Path

HERE = Path(sys.argv[0]).parent
NOW = "2026-11-21T04:00:00.000+00:00"


def say(**event):
    with Path("events.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps({"ts": NOW, **event}) + "\n")


def write(name, value):
    partial = Path(f"{name}.part")
    partial.write_text(json.dumps(value), encoding="utf-8")
    partial.rename(name)


def safetensors():
    header = json.dumps({"weight": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}}).encode()
    return len(header).to_bytes(8, "little") + header + bytes(24)


CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "max_position_embeddings": 512,
    "vocab_size": 400,
}


def train(**files):
    say(kind="phase", name="training")
    for step in (1, 2):
        say(kind="metric", step=step, total_steps=2, values={"loss": 2.0 / step})
    say(kind="log", level="warning", message="bf16 ran as fp32")
    print("step 2/2  loss 1", flush=True)
    output = Path("output")
    output.mkdir(exist_ok=True)
    made = {"model.safetensors": safetensors(), "config.json": json.dumps(CONFIG).encode(), **files}
    for name, content in made.items():
        (output / name).write_bytes(content)
    write("facts.json", {"train_loss": 1.0, "steps": 2, "peak_rss_bytes": 1000})
    listed = [
        {"path": name, "size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in made.items()
    ]
    write("manifest.json", {"files": listed})


def succeed():
    train()
    write("result.json", {"status": "succeeded"})


def fail():
    say(kind="phase", name="training")
    print("the last line", flush=True)
    write("result.json", {"status": "failed", "reason": "The loss is no longer a number.", "error_type": "Diverged"})
    sys.exit(1)


def crash():
    print("Traceback: it broke", flush=True)
    sys.exit(3)


def run_out_of_memory():
    os.kill(os.getpid(), signal.SIGKILL)


def wait():
    signal.signal(signal.SIGTERM, lambda *_: (write("result.json", {"status": "cancelled"}), sys.exit(143)))
    say(kind="phase", name="training")
    print("ready", flush=True)
    while True:
        time.sleep(0.05)


def damage():
    train()
    Path("output/model.safetensors").write_bytes(b"other")
    write("result.json", {"status": "succeeded"})


def smuggle():
    train(**{"weights.bin": b"\x80\x04."})
    write("result.json", {"status": "succeeded"})


def wait_for_word():
    """Succeed once the file `go` lies beside the program."""
    say(kind="phase", name="training")
    while not (HERE / "go").exists():
        time.sleep(0.05)
    succeed()


if __name__ == "__main__" and "-I" not in sys.argv:  # with -I it is asked for the packages that it has
    with (HERE / "asked").open("a") as count:
        count.write("x")
    globals()[(HERE / "ending").read_text()]()
