"""Nested plain values and arrays as one file, read without trust.

The file is an uncompressed ``.npz``: arrays by number, and a JSON text that says where
they belong. Reading it executes no code, and takes no more memory than a small multiple
of the file's own size.
"""

import json
import os
import re
import struct
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from sknn_suite.data import open_regular, reason_of, replacing
from sknn_suite.exceptions import CheckpointError, DataError
from sknn_suite.training._state import to_portable

FORMAT = 1

# Most letters of the JSON text, and most levels of lists in lists: a run of 100,000
# epochs has a tenth of the letters, and a dozen levels.
MOST_LETTERS = 1 << 26
MOST_LEVELS = 64

# Bytes that are read at once. They limit the list of members, which is read whole, to
# some fifty thousand; arrays are read in pieces.
PIECE = 1 << 22

_MEMBER = re.compile(r"(json|a(0|[1-9][0-9]{0,8}))\.npy", re.ASCII)


def write_state(path: Path, state: Any) -> None:
    """Write nested plain values and arrays to `path`, whole or not at all.

    Raises
    ------
    CheckpointError
        If the system refuses: the disk is full, the folder is gone.
    """
    try:
        arrays: dict[str, np.ndarray] = {}
        tree = _to_json(to_portable(state), arrays)
        text = json.dumps({"format": FORMAT, "state": tree})
        members: dict[str, Any] = {"json": np.array(text), **arrays}
        with replacing(path) as file:
            np.savez(file, **members)
    except (OSError, ValueError, MemoryError) as error:
        raise CheckpointError(
            f"Checkpoint '{path}' cannot be written: {reason_of(error)}. Expected "
            "a folder that exists, may be written to and has room; the file of an "
            "earlier epoch, if any, is as it was. Make room or choose another path, "
            "and fit again to go on."
        ) from error


def read_state(
    path: Path, *, parts: Iterable[str] = ("fingerprint", "origin", "training")
) -> Any:
    """Read what `write_state` wrote; `parts` are names that must be in it.

    Raises
    ------
    DataError
        If the file is of another kind, or damaged.
    """
    try:
        with open_regular(path) as file:
            content = _read(file)
        version, state = int(content["format"]), content["state"]
        missing = sorted(set(parts) - set(state))
        if missing and version <= FORMAT:
            raise ValueError(f"{', '.join(missing)} missing")
    except MemoryError as error:
        raise DataError(
            f"Checkpoint '{path}' does not fit into the free memory. Expected room for "
            "its size and a copy. Free memory and fit again; the file is as it was."
        ) from error
    except Exception as error:  # zip and JSON have many ways to be damaged
        raise DataError(
            f"'{path}' cannot be read as a checkpoint: {_in_words(error)}. "
            "Expected a file written by checkpoint=path. "
            "Delete it to start anew, or choose another path."
        ) from error
    if version > FORMAT:
        raise DataError(
            f"'{path}' was written in format {version}. "
            f"This sknn_suite reads formats up to {FORMAT}. Upgrade sknn_suite."
        )
    return state


def read_origin(path: str | os.PathLike) -> dict:
    """Read the state of the random generator with which a run began."""
    origin = read_state(Path(path))["origin"]
    try:
        np.random.RandomState().set_state(origin)
    except (TypeError, ValueError, LookupError, AttributeError) as error:
        raise DataError(
            f"'{path}' cannot be read as a checkpoint: its 'origin' is not the state "
            "of a random generator. Expected a file written by checkpoint=path. "
            "Delete it to start anew, or choose another path."
        ) from error
    return origin


def _in_words(error: BaseException) -> str:
    if isinstance(error, RecursionError):
        return "its lists are nested too deeply"
    if isinstance(error, KeyError):
        return f"{error} is missing in it"
    if isinstance(error, TypeError | AttributeError | struct.error):
        return "its parts are not where they belong"
    reason = reason_of(error)
    return "".join(c for c in reason if c.isprintable())[:200]


# -- zip and arrays ------------------------------------------------------------------


class _Pieces:
    """A file that is read in pieces."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(PIECE + 1 if size < 0 else min(size, PIECE + 1))
        if len(data) > PIECE:
            raise ValueError("it lists too many parts")
        return data

    def close(self) -> None:
        """Leave the file open: whoever opened it closes it."""


def _read(file: BinaryIO) -> dict:
    file_size = file.seek(0, 2)
    with zipfile.ZipFile(_Pieces(file)) as archive:  # type: ignore[call-overload]
        members = archive.infolist()
        _refuse_members(members, file_size)
        by_name = {member.filename[:-4]: member for member in members}
        text = _read_array(archive, by_name.pop("json"))
        if text.dtype.kind != "U" or text.shape != ():
            raise ValueError("its text cannot be read")
        content = json.loads(str(text))
        names: set[str] = set()
        _refuse_tree(content["state"], names, MOST_LEVELS)
        if names != set(by_name):
            odd = min(names ^ set(by_name))
            raise ValueError(f"array {odd} is missing, or has no use")
        arrays = {name: _read_array(archive, by_name[name]) for name in names}
    return {"format": content["format"], "state": _from_json(content["state"], arrays)}


def _refuse_members(members: list[zipfile.ZipInfo], file_size: int) -> None:
    """Refuse parts that unpack to more than the file, or that we do not write."""
    if len({member.filename for member in members}) < len(members):
        raise ValueError("two of its parts have the same name")
    for member in members:
        if not _MEMBER.fullmatch(member.filename):
            raise ValueError(f"it has a part {member.filename[:40]!r}")
        stored = member.compress_type == zipfile.ZIP_STORED
        if not stored or member.compress_size != member.file_size:
            raise ValueError("its parts are compressed")
    if sum(member.file_size for member in members) > file_size:
        raise ValueError("its parts are larger than the file")


def _read_array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    """Read an array; take memory only once the file is known to hold it."""
    with archive.open(member) as file:
        version = np.lib.format.read_magic(file)
        if version != (1, 0):
            raise ValueError("an array has an unknown format")
        shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(file)
        is_text = member.filename == "json.npy"
        if dtype.kind not in ("U" if is_text else "biuf"):
            raise ValueError(f"an array has the type {dtype}")
        size = dtype.itemsize
        for side in shape:
            size *= side
        if is_text and size > 4 * MOST_LETTERS:
            raise ValueError("its text is too long")
        if min(shape, default=0) < 0 or size != member.file_size - file.tell():
            raise ValueError("an array is not as large as it says")
        array = np.empty(shape[::-1] if is_fortran else shape, dtype)
        flat = array.reshape(-1).view(np.uint8)
        for start in range(0, size, PIECE):
            piece = file.read(min(PIECE, size - start))
            flat[start : start + len(piece)] = np.frombuffer(piece, np.uint8)
        if file.read(1):  # the end is where the checksum is compared
            raise ValueError("an array continues after its end")
    return array.T if is_fortran else array


# -- JSON ----------------------------------------------------------------------------


def _to_json(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    """Move arrays out of nested containers; keep keys that are not text."""
    if isinstance(value, np.ndarray):
        if value.dtype.hasobject:  # savez would pickle them
            raise ValueError("an array holds Python objects")
        name = f"a{len(arrays)}"
        arrays[name] = value
        return {"array": name}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        return {"dict": [[key, _to_json(v, arrays)] for key, v in value.items()]}
    if isinstance(value, list | tuple):
        return [_to_json(v, arrays) for v in value]
    return value


def _refuse_tree(value: Any, names: set[str], levels: int) -> None:
    """Refuse what `_to_json` does not write; collect the names of arrays."""
    if levels < 0:
        raise RecursionError
    if isinstance(value, list):
        for v in value:
            _refuse_tree(v, names, levels - 1)
    elif isinstance(value, dict):
        if value.keys() == {"array"} and isinstance(value["array"], str):
            names.add(value["array"])
            return
        if value.keys() != {"dict"}:
            raise ValueError("it holds an unknown object")
        for key, v in value["dict"]:
            if not isinstance(key, str | int):
                raise ValueError(f"it has a key of the type {type(key).__name__}")
            _refuse_tree(v, names, levels - 1)


def _from_json(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    if isinstance(value, list):
        return [_from_json(v, arrays) for v in value]
    if isinstance(value, dict):
        if "array" in value:
            return arrays[value["array"]]
        return {key: _from_json(v, arrays) for key, v in value["dict"]}
    return value
