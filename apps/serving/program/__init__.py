"""The local model server: one verified model behind the OpenAI chat completions API, on one machine.

`python -m apps.serving.program serve spec.json` checks that the model's files are the ones that were approved, byte for
byte, and serves nothing else. The program runs in an environment of its own and imports nothing of the portal; whoever
starts it reads its answers, its exit code and `result.json`.

Why not `transformers serve`: measured in its version 5.23, it answers at temperature 2 as at 0, takes prompts longer
than the model's context, ignores what it cannot do instead of refusing it, and loads any folder that a caller names.
"""
