"""How large the values of an Arrow array become, before any of them is laid out."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Sizes = NDArray[np.int64]

NUMBER_BYTES = 8  # of what is no text: numbers, moments, truth values


def sizes_of(array: Any) -> Sizes:
    """Return the bytes of each value of `array`, with everything that is in it.

    A dictionary holds a text once however many values it is; this counts it for each of them.
    """
    kind = array.type
    if isinstance(array, pa.ExtensionArray):
        return sizes_of(array.storage)
    if pa.types.is_dictionary(kind):
        lengths = sizes_of(array.dictionary)
        if not len(lengths):  # all of them are null
            return np.zeros(len(array), np.int64)
        return lengths[_filled(array.indices)] * array.is_valid().to_numpy(zero_copy_only=False)
    if pa.types.is_struct(kind):
        return sum((sizes_of(field) for field in array.flatten()), np.zeros(len(array), np.int64))
    if pa.types.is_map(kind):
        return _between(sizes_of(array.keys) + sizes_of(array.items), _filled(array.offsets))
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _between(sizes_of(array.values), _filled(array.offsets))
    if pa.types.is_fixed_size_list(kind):
        return _between(sizes_of(array.values), (np.arange(len(array) + 1) + array.offset) * kind.list_size)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _filled(pc.binary_length(array))
    return np.full(len(array), NUMBER_BYTES, np.int64)


def _between(sizes: Sizes, offsets: Sizes) -> Sizes:
    """Return the sums of `sizes` from each offset to the next."""
    upto = np.concatenate(([0], np.cumsum(sizes)))
    return upto[offsets[1:]] - upto[offsets[:-1]]


def _filled(numbers: Any) -> Sizes:
    filled: Sizes = numbers.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    return filled
