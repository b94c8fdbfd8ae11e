"""Which files a model may have, and what each says. What is not on the list is refused, by name and by content."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import orjson

from apps.catalog.errors import FileRefusedError
from apps.catalog.inspection.config import config_facts
from apps.catalog.inspection.safetensors import HeaderRefusedError, read_header
from apps.catalog.models import ModelFile

FileKind = ModelFile.Kind

JSON_MAX_BYTES = 64 * 1024**2  # the tokenizer.json of today's largest vocabularies has 35 MB
CONFIG_MAX_BYTES = 1024**2
TEXT_MAX_BYTES = 64 * 1024**2
TEXT_NAMES = frozenset({"LICENSE", "NOTICE", "README"})
TEXT_SUFFIXES = frozenset({".txt", ".md", ".jinja", ".jsonl"})
TOKENIZER_NAMES = frozenset(
    {"tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json"}
    | {"merges.txt", "vocab.txt", "chat_template.jinja", "chat_template.json"}
)

CONVERT = "Convert the weights with `save_pretrained(..., safe_serialization=True)` and upload model.safetensors."
NO_CODE = "Upload weights, configuration and tokenizer only; code never belongs to a model here."
NO_ARCHIVE = "Unpack it and upload the files."

# What gives a file away by its first bytes, whatever its name says.
SIGNATURES: tuple[tuple[bytes, str, str], ...] = (
    (b"PK\x03\x04", "it is a ZIP archive (PyTorch's own format is one)", CONVERT),
    (b"PK\x05\x06", "it is a ZIP archive", NO_ARCHIVE),
    (b"\x89HDF\r\n\x1a\n", "it is an HDF5 file", CONVERT),
    (b"GGUF", "it is a GGUF file", CONVERT),
    (b"\x1f\x8b", "it is a gzip archive", NO_ARCHIVE),
    (b"BZh", "it is a bzip2 archive", NO_ARCHIVE),
    (b"\xfd7zXZ\x00", "it is an xz archive", NO_ARCHIVE),
    (b"7z\xbc\xaf\x27\x1c", "it is a 7z archive", NO_ARCHIVE),
    (b"\x28\xb5\x2f\xfd", "it is a zstd archive", NO_ARCHIVE),
    (b"Rar!", "it is a RAR archive", NO_ARCHIVE),
    (b"\x7fELF", "it is a program", NO_CODE),
    (b"MZ", "it is a program", NO_CODE),
    (b"\xcf\xfa\xed\xfe", "it is a program", NO_CODE),
    (b"#!", "it is a script", NO_CODE),
    *((bytes([0x80, protocol]), "it is a Python pickle, which runs code when it is opened", CONVERT)
      for protocol in range(2, 6)),
)  # fmt: skip
REFUSED_SUFFIXES: dict[str, tuple[str, str]] = {
    **dict.fromkeys((".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".npy", ".npz"),
                    ("files of this kind can run code when they are opened.", CONVERT)),
    **dict.fromkeys((".h5", ".hdf5", ".keras", ".gguf", ".onnx", ".msgpack", ".tflite", ".pb", ".ot"),
                    ("only safetensors is accepted for weights.", CONVERT)),
    **dict.fromkeys((".zip", ".tar", ".gz", ".tgz", ".7z", ".rar", ".xz", ".zst", ".bz2", ".whl"),
                    ("archives are not opened here.", NO_ARCHIVE)),
    **dict.fromkeys((".py", ".pyc", ".so", ".sh", ".exe", ".dll", ".js", ".jar"),
                    ("programs are not accepted.", NO_CODE)),
    ".model": ("a SentencePiece file cannot be checked here.", "Upload the fast tokenizer's tokenizer.json."),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Inspected:
    """A file that was looked at and may be kept."""

    kind: ModelFile.Kind
    facts: dict[str, Any] = field(default_factory=dict)


def inspect_file(path: str, file: Path) -> Inspected:
    """Return what `file` is, if a model may have it at `path`.

    Raises:
        FileRefusedError: says why, and what to upload instead.
    """
    name = PurePosixPath(path)
    inspector = _inspector_for(name)
    if inspector is None:
        why, mend = REFUSED_SUFFIXES.get(
            name.suffix.lower(),
            ("only safetensors, JSON and text files are accepted.", "Upload weights as safetensors."),
        )
        raise FileRefusedError(path=path, why=why, mend=mend)
    _refuse_by_signature(path, file)
    return inspector(path, file)


def _inspector_for(name: PurePosixPath) -> Callable[[str, Path], Inspected] | None:
    suffix = name.suffix.lower()
    if suffix == ".safetensors":
        return _inspect_weights
    if suffix == ".json":
        return _inspect_json
    if suffix in TEXT_SUFFIXES or (not suffix and name.name.upper() in TEXT_NAMES):
        return _inspect_text
    return None


def _refuse_by_signature(path: str, file: Path) -> None:
    with file.open("rb") as opened:
        start = opened.read(16)
    for signature, what, mend in SIGNATURES:
        if start.startswith(signature):
            # A safetensors file begins with a length, and a length may begin like anything: its header decides.
            if path.lower().endswith(".safetensors") and start[8:9] == b"{":
                return
            raise FileRefusedError(path=path, why=f"{what}.", mend=mend)


def _inspect_weights(path: str, file: Path) -> Inspected:
    try:
        header = read_header(file)
    except HeaderRefusedError as error:
        raise FileRefusedError(path=path, why=f"it is no sound safetensors file: {error}.", mend=CONVERT) from None
    facts = {
        "tensor_count": header.tensor_count,
        "parameter_count": header.parameter_count,
        "dtype": header.dtype,
    }
    return Inspected(FileKind.WEIGHTS, facts)


def _inspect_json(path: str, file: Path) -> Inspected:
    name = PurePosixPath(path).name
    most = CONFIG_MAX_BYTES if name == "config.json" else JSON_MAX_BYTES
    raw = _read(path, file, most)
    try:
        content = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        mend = "Save it as JSON in UTF-8."
        raise FileRefusedError(path=path, why=f"it is no JSON: {error}.", mend=mend) from None
    if not isinstance(content, dict | list):
        raise FileRefusedError(path=path, why="it holds a single value.", mend="Upload a JSON object.")
    if name == "config.json":
        if not isinstance(content, dict):
            raise FileRefusedError(path=path, why="it is no JSON object.", mend="Upload the model's own config.json.")
        return Inspected(FileKind.CONFIG, config_facts(content))
    return Inspected(FileKind.TOKENIZER if name in TOKENIZER_NAMES else FileKind.CONFIG)


def _inspect_text(path: str, file: Path) -> Inspected:
    raw = _read(path, file, TEXT_MAX_BYTES)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        why = f"it is no UTF-8 text (byte {error.start})."
        raise FileRefusedError(path=path, why=why, mend="Save it as UTF-8.") from None
    if "\0" in text:
        raise FileRefusedError(path=path, why="it holds a NUL character, as binary files do.", mend=NO_CODE)
    return Inspected(FileKind.TOKENIZER if PurePosixPath(path).name in TOKENIZER_NAMES else FileKind.TEXT)


def _read(path: str, file: Path, most: int) -> bytes:
    size = file.stat().st_size
    if size > most:
        raise FileRefusedError(path=path, why=f"it has {size} bytes; at most {most} are read.", mend="Upload less.")
    return file.read_bytes()
