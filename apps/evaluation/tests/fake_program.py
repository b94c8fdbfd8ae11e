"""Stands in for the training program's `generate`; see `apps/integrations/program/tests/interpreter.py`."""
# ruff: noqa: T201  # standard output is the job's log

import json
import os
import signal
import sys
import time
from pathlib import Path

HERE = Path(sys.argv[0]).parent


def questions():
    spec = json.loads(Path("spec.json").read_text())
    assert Path(spec["generate"]["model_dir"], "model.safetensors").exists()
    lines = Path(spec["generate"]["prompts_file"]).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def answer(asked, text=None):
    """Question N is answered as the dataset does, but for every third, which is answered wrongly."""
    number = asked["prompt"].split()[-1].strip("?")
    if text is None:
        text = f"Answer {number}." if int(number) % 3 else "No idea."
    told = {"index": asked["index"], "prediction": text, "prompt_tokens": 7, "completion_tokens": 3, "latency_ms": 12.5}
    with Path("predictions.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(told) + "\n")


def end(**result):
    partial = Path("result.json.part")
    partial.write_text(json.dumps(result))
    partial.rename("result.json")


def succeed():
    for asked in questions():
        answer(asked)
    Path("facts.json").write_text(json.dumps({"prompts": len(questions()), "device": "cpu"}))
    end(status="succeeded")


def forget_some():
    for asked in questions()[1:]:
        answer(asked)
    end(status="succeeded")


def answer_with_nul():
    for asked in questions():
        answer(asked, text="Answer\0 \ud800.")
    end(status="succeeded")


def fail_with_nul():
    print("the last\0line", flush=True)
    end(status="failed", reason="No\0 model.")
    sys.exit(1)


def fail():
    print("the last line", flush=True)
    end(status="failed", reason="The model cannot be read.")
    sys.exit(1)


def run_out_of_memory():
    os.kill(os.getpid(), signal.SIGKILL)


def wait_for_word():
    """Answer two, and go on once the file `go` lies beside the program."""
    first, second, *rest = questions()
    answer(first)
    answer(second)
    while not (HERE / "go").exists():
        time.sleep(0.05)
    for asked in rest:
        answer(asked)
    end(status="succeeded")


if __name__ == "__main__" and "-I" not in sys.argv:
    with (HERE / "asked").open("a") as count:
        count.write("x")
    globals()[(HERE / "ending").read_text()]()
