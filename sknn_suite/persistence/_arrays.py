"""Arrays as bytes: the .npy format and the safetensors layout, each in one form.

Both are read by code of our own: NumPy's reader takes memory on the word of a header,
and the safetensors package is no dependency. Headers are computed again from what they
say and compared, so that one array has one header.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sknn_suite.persistence._json import read_json, write_json

# Longest header of tensors; most axes of an array; most tensors.
MOST_HEADER = 1 << 23
MOST_AXES = 8
MOST_TENSORS = 10_000
LARGEST_SIDE = 1 << 40

# dtype of each name in the safetensors layout.
TENSOR_TYPES = {
    "BOOL": "|b1",
    "F16": "<f2",
    "F32": "<f4",
    "F64": "<f8",
    "I16": "<i2",
    "I32": "<i4",
    "I64": "<i8",
    "I8": "|i1",
    "U16": "<u2",
    "U32": "<u4",
    "U64": "<u8",
    "U8": "|u1",
}
_NAMES = {descr: name for name, descr in TENSOR_TYPES.items()}

_MAGIC = b"\x93NUMPY\x01\x00"
_HEADER = re.compile(
    r"\{'descr': '((?:[|<][biuf][1248])|<U[1-9][0-9]{0,5})', "
    r"'fortran_order': False, 'shape': (\([0-9, ]{0,200}\)), \}",
    re.ASCII,
)
_SIDE = re.compile(r"[0-9]+")
_TENSOR = re.compile(r"[a-z0-9_.]{1,300}", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class Layout:
    """Type and shape of an array, and its bytes in the file.

    Parameters
    ----------
    descr : str
        Type, as NumPy writes it.
    shape : tuple of int
        Shape.
    """

    descr: str
    shape: tuple[int, ...]

    @property
    def n_bytes(self) -> int:
        """Bytes, computed without overflow."""
        return math.prod(self.shape) * np.dtype(self.descr).itemsize

    def empty(self) -> np.ndarray:
        """Take memory for it."""
        return np.empty(self.shape, self.descr)


def plain(array: np.ndarray) -> np.ndarray:
    """Give an array in the order of the file: by rows, little-endian.

    Raises
    ------
    ValueError
        If it holds objects, times, or records.
    """
    if array.dtype.kind not in "biufU":
        raise ValueError(f"an array has the type {array.dtype}")
    if array.ndim > MOST_AXES:
        raise ValueError(f"an array has {array.ndim} axes")
    array = array.astype(array.dtype.newbyteorder("<"), copy=False)
    return np.asarray(array, order="C")


def flat(array: np.ndarray) -> np.ndarray:
    """See the bytes of an array in memory."""
    return array.reshape(-1).view(np.uint8)


def refuse_letters(array: np.ndarray) -> None:
    """Refuse bytes that are no value of the array's type."""
    if array.dtype.kind == "b" and array.size and array.view(np.uint8).max() > 1:
        raise ValueError("an array of true and false holds something else")
    if array.dtype.kind == "U" and array.size:
        letters = flat(array).view(np.uint32)
        wrong = (letters > 0x10FFFF) | ((letters >= 0xD800) & (letters < 0xE000))
        if wrong.any():
            raise ValueError("an array of texts holds something else")


# -- .npy ----------------------------------------------------------------------------


def npy_header(layout: Layout) -> bytes:
    """Header of an array, padded to 64 bytes as NumPy does."""
    text = (
        f"{{'descr': '{layout.descr}', 'fortran_order': False, "
        f"'shape': {layout.shape!r}, }}"
    )
    length = -(-(len(_MAGIC) + 2 + len(text) + 1) // 64) * 64 - len(_MAGIC) - 2
    return _MAGIC + length.to_bytes(2, "little") + f"{text:<{length - 1}}\n".encode()


def read_npy_header(start: bytes, n_bytes: int) -> tuple[bytes, Layout]:
    """Read the header of a part of `n_bytes` bytes from its first bytes."""
    if start[:8] != _MAGIC or len(start) < 10:
        raise ValueError("an array has an unknown format")
    length = int.from_bytes(start[8:10], "little")
    header = start[: 10 + length]
    match = _HEADER.fullmatch(header[10:].decode("ascii", "replace").rstrip())
    if match is None:
        raise ValueError("an array has an unknown header")
    layout = Layout(match[1], tuple(map(int, _SIDE.findall(match[2]))))
    if np.dtype(layout.descr).str != layout.descr or npy_header(layout) != header:
        raise ValueError("an array has an unknown header")
    if len(layout.shape) > MOST_AXES or max(layout.shape, default=0) > LARGEST_SIDE:
        raise ValueError("an array is too large")
    if len(header) + layout.n_bytes != n_bytes:
        raise ValueError("an array is not as large as it says")
    return header, layout


# -- safetensors ---------------------------------------------------------------------


def tensors_header(layouts: dict[str, Layout]) -> bytes:
    """Header of tensors that follow in this order, padded to 8 bytes."""
    listed: dict[str, Any] = {}
    at = 0
    for name, layout in layouts.items():
        listed[name] = {
            "dtype": _NAMES[layout.descr],
            "shape": list(layout.shape),
            "data_offsets": [at, at + layout.n_bytes],
        }
        at += layout.n_bytes
    text = write_json(listed)
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def tensors_order(arrays: dict[str, np.ndarray]) -> list[str]:
    """Put wide types first, so that each tensor lies at a multiple of its width."""
    return sorted(arrays, key=lambda name: (-arrays[name].dtype.itemsize, name))


def tensors_header_length(start: bytes, n_bytes: int) -> int:
    """Read how long the header of a part of `n_bytes` bytes is, after 8 bytes."""
    length = int.from_bytes(start[:8], "little")
    if len(start) < 8 or length > min(MOST_HEADER, n_bytes - 8):
        raise ValueError("the header of its weights is too long")
    return length


def read_tensors_header(start: bytes, n_bytes: int) -> tuple[bytes, dict[str, Layout]]:
    """Read the header of a part of `n_bytes` bytes from its first bytes."""
    header = start[: 8 + tensors_header_length(start, n_bytes)]
    listed = read_json(header[8:])
    if not isinstance(listed, dict) or len(listed) > MOST_TENSORS:
        raise ValueError("the header of its weights is no list of tensors")
    found = {}
    for name, entry in listed.items():
        found[name] = _read_entry(name, entry)
    ordered = dict(sorted(found.items(), key=lambda item: item[1][0]))
    layouts = {name: layout for name, (_, layout) in ordered.items()}
    if tensors_header(layouts) != header:
        raise ValueError("the header of its weights is not written in the one way")
    if len(header) + sum(layout.n_bytes for layout in layouts.values()) != n_bytes:
        raise ValueError("its weights are not as large as they say")
    return header, layouts


def _read_entry(name: str, entry: Any) -> tuple[tuple[int, int], Layout]:
    if not _TENSOR.fullmatch(name):
        raise ValueError(f"a tensor has the name {name[:40]!r}")
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"tensor {name} is not described as a tensor")
    if entry["dtype"] not in TENSOR_TYPES:
        raise ValueError(f"tensor {name} has an unknown type")
    shape, offsets = entry["shape"], entry["data_offsets"]
    if not are_sides(shape) or not are_sides(offsets, 2) or len(shape) > MOST_AXES:
        raise ValueError(f"tensor {name} has an impossible shape or place")
    layout = Layout(TENSOR_TYPES[entry["dtype"]], tuple(shape))
    return (offsets[0], offsets[1]), layout


def are_sides(value: Any, count: int | None = None) -> bool:
    """Whether a value is a list of sizes, and of so many."""
    return (
        isinstance(value, list)
        and (count is None or len(value) == count)
        and all(type(side) is int and 0 <= side <= LARGEST_SIDE for side in value)
    )


def layouts_of(
    arrays: dict[str, np.ndarray], names: Sequence[str]
) -> dict[str, Layout]:
    """Type and shape of arrays, in the order of `names`."""
    return {name: Layout(arrays[name].dtype.str, arrays[name].shape) for name in names}
