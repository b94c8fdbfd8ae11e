"""Reading the header of a safetensors file, bounded: nothing is read but the header, and nothing in it is believed.

Source: https://github.com/huggingface/safetensors, section "Format"; the bounds are tighter than the format's own,
because a header of 100 MB with 500,000 tensors keeps a reader busy for seconds.
"""

import json
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

HEADER_MAX_BYTES = 10_000_000
TENSORS_MAX = 100_000
DIMENSIONS_MAX = 16
LENGTH_BYTES = 8

BITS_OF = {
    "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
    "BOOL": 8, "U8": 8, "I8": 8,
    "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8,
    "I16": 16, "U16": 16, "F16": 16, "BF16": 16,
    "I32": 32, "U32": 32, "F32": 32,
    "I64": 64, "U64": 64, "F64": 64, "C64": 64,
}  # fmt: skip


class HeaderRefusedError(ValueError):
    """The file is not a sound safetensors file; says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class WeightsHeader:
    """What the header of a safetensors file says.

    Attributes:
        parameter_count: numbers stored, over all tensors.
        dtype: the type that most of them have, such as "BF16"; empty without any.
    """

    tensor_count: int
    parameter_count: int
    dtype: str


@dataclass(frozen=True, slots=True)
class _Tensor:
    name: str
    dtype: str
    parameters: int
    start: int
    end: int


def read_header(file: Path) -> WeightsHeader:
    """Return what the header says, once it and the size of the file have been checked against each other.

    Raises:
        HeaderRefusedError: the header is too long or no JSON, names an unknown type, a shape that does not fit its
            bytes, or the tensors do not cover the data exactly, without gap or overlap.
    """
    size = file.stat().st_size
    with file.open("rb") as opened:
        length = int.from_bytes(opened.read(LENGTH_BYTES), "little")
        if size < LENGTH_BYTES or not 2 <= length <= size - LENGTH_BYTES:
            raise HeaderRefusedError("its first eight bytes are no length of a header")
        if length > HEADER_MAX_BYTES:
            raise HeaderRefusedError(f"its header has {length} bytes; at most {HEADER_MAX_BYTES} are read")
        header = _parsed(opened.read(length))
    tensors = [_tensor(name, entry) for name, entry in header.items()]
    _check_cover(tensors, data_bytes=size - LENGTH_BYTES - length)
    by_dtype: dict[str, int] = {}
    for tensor in tensors:
        by_dtype[tensor.dtype] = by_dtype.get(tensor.dtype, 0) + tensor.parameters
    dtype = max(by_dtype, key=by_dtype.__getitem__, default="")
    return WeightsHeader(len(tensors), sum(by_dtype.values()), dtype)


def _parsed(raw: bytes) -> dict[str, Any]:
    if not raw.startswith(b"{"):
        raise HeaderRefusedError("its header does not begin with '{'")
    try:
        header = json.loads(raw, object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError) as error:
        raise HeaderRefusedError(f"its header is no JSON ({str(error)[:120]})") from None
    metadata = header.pop("__metadata__", {})
    is_text = isinstance(metadata, dict) and all(isinstance(value, str) for value in metadata.values())
    if not is_text:
        raise HeaderRefusedError("its __metadata__ holds other than text")
    if len(header) > TENSORS_MAX:
        raise HeaderRefusedError(f"it names {len(header)} tensors; at most {TENSORS_MAX} are accepted")
    return header


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice")
    return found


def _tensor(name: str, entry: Any) -> _Tensor:
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise HeaderRefusedError(f"the tensor '{name[:80]}' is not described by dtype, shape and data_offsets")
    bits = BITS_OF.get(entry["dtype"]) if isinstance(entry["dtype"], str) else None
    if bits is None:
        raise HeaderRefusedError(f"the tensor '{name[:80]}' has the unknown type {str(entry['dtype'])[:20]!r}")
    shape, offsets = entry["shape"], entry["data_offsets"]
    if not _are_sizes(shape) or len(shape) > DIMENSIONS_MAX:
        raise HeaderRefusedError(f"the tensor '{name[:80]}' has no valid shape")
    if not _are_sizes(offsets) or len(offsets) != 2:
        raise HeaderRefusedError(f"the tensor '{name[:80]}' has no valid data_offsets")
    parameters, (start, end) = prod(shape), offsets
    if parameters * bits != (end - start) * 8:
        raise HeaderRefusedError(f"the tensor '{name[:80]}' has a shape that does not fit its bytes")
    return _Tensor(name, entry["dtype"], parameters, start, end)


def _are_sizes(values: Any) -> bool:
    is_list = isinstance(values, list)
    return is_list and all(type(value) is int and 0 <= value < 2**63 for value in values)


def _check_cover(tensors: list[_Tensor], *, data_bytes: int) -> None:
    position = 0
    for tensor in sorted(tensors, key=lambda tensor: (tensor.start, tensor.end)):
        if tensor.start != position:
            fault = "overlaps another" if tensor.start < position else "leaves a gap before it"
            raise HeaderRefusedError(f"the tensor '{tensor.name[:80]}' {fault}")
        position = tensor.end
    if position != data_bytes:
        raise HeaderRefusedError(f"its tensors end at byte {position} of {data_bytes}")
