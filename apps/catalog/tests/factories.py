"""Model versions in every state, reached through the services that users go through."""

import json
from pathlib import Path

from apps.accounts.models import Team, User
from apps.catalog import services
from apps.catalog.models import ModelVersion

CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "max_position_embeddings": 512,
    "vocab_size": 4096,
    "hidden_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
}


def safetensors(tensors: dict[str, tuple[str, list[int]]] | None = None, *, fill: int = 0, **more: object) -> bytes:
    """Return a sound safetensors file; `tensors` gives dtype and shape by name, `more` goes into the header."""
    bytes_of = {"F32": 4, "BF16": 2, "F16": 2, "I64": 8, "U8": 1}
    header: dict[str, object] = {}
    position = 0
    for name, (dtype, shape) in (tensors or {"weight": ("F32", [2, 3])}).items():
        size = bytes_of[dtype]
        for length in shape:
            size *= length
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [position, position + size]}
        position += size
    raw = json.dumps(header | more).encode()
    return len(raw).to_bytes(8, "little") + raw + bytes([fill]) * position


def files_in(folder: Path, **contents: bytes | str | dict[str, object]) -> dict[str, Path]:
    """Write files and return path to place; in names, `__` stands for a dot and `___` for a slash."""
    folder.mkdir(parents=True, exist_ok=True)
    made = {}
    for number, (name, content) in enumerate(contents.items()):
        place = folder / f"file-{number}"
        text = json.dumps(content) if isinstance(content, dict) else content
        place.write_bytes(text.encode() if isinstance(text, str) else text)
        made[name.replace("___", "/").replace("__", ".")] = place
    return made


def draft(actor: User, team: Team, **more: object) -> ModelVersion:
    """A registered version without files."""
    given = {"name": "voc-classifier", "type": "base", "model_family": "llama", "license": "Apache-2.0"} | more
    return services.create_model(actor=actor, team=team, **given)


def with_files(actor: User, team: Team, folder: Path, **more: object) -> ModelVersion:
    """A draft that could be released."""
    model = draft(actor, team, **more)
    files = files_in(folder, model__safetensors=safetensors(), config__json=CONFIG, tokenizer__json={"version": "1.0"})
    return services.add_model_files(actor=actor, model=model, files=files)


def under_review(actor: User, team: Team, folder: Path, **more: object) -> ModelVersion:
    model = with_files(actor, team, folder, **more)
    return services.submit_model(actor=actor, model=model, reason="Ready")


def approved(actor: User, approver: User, team: Team, folder: Path, **more: object) -> ModelVersion:
    model = under_review(actor, team, folder, **more)
    return services.approve_model_version(actor=approver, model=model, version=model.version, comment="Good")
