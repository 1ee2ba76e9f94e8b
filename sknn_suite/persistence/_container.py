"""The file: parts end to end in a zip of one single form, each with its SHA-256.

A zip has many ways to say one thing, and readers disagree about them. Here every byte
beside the parts follows from names, sizes and checksums. The reader computes it again
and compares, so that no second reading exists.
"""

import hashlib
import os
import re
import struct
import zlib
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from sknn_suite.data import replacing

# The largest number of parts, and the largest file: sizes are 32 bits wide.
MOST_PARTS = 10_000
MOST_BYTES = (1 << 32) - (1 << 24)

# A part's name: lower case, no dots but the one of its ending, at most one folder.
NAME = re.compile(r"(?:[a-z]{1,20}/)?[a-z0-9]{1,20}\.[a-z]{1,12}", re.ASCII)

_LOCAL, _CENTRAL = struct.Struct("<4s5H3I2H"), struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_VERSION, _DATE = 20, 0x21  # of the zip format; 1980-01-01, the first day it knows

Buffer = Any  # bytes, memoryview or a contiguous array


@dataclass(frozen=True)
class Entry:
    """What the zip says of a part.

    Parameters
    ----------
    name : str
        Its name.
    size, crc : int
        Bytes and CRC-32.
    """

    name: str
    size: int
    crc: int

    def local(self) -> bytes:
        """Header before the part."""
        fields = (_VERSION, 0, 0, 0, _DATE, self.crc, self.size, self.size)
        name = self.name.encode("ascii")
        return _LOCAL.pack(b"PK\x03\x04", *fields, len(name), 0) + name

    def central(self, offset: int) -> bytes:
        """Entry of the list at the end."""
        fields = (_VERSION, _VERSION, 0, 0, 0, _DATE, self.crc, self.size, self.size)
        name = self.name.encode("ascii")
        rest = (len(name), 0, 0, 0, 0, 0, offset)
        return _CENTRAL.pack(b"PK\x01\x02", *fields, *rest) + name


@dataclass(frozen=True)
class Listing:
    """The zip's list of parts, and where they begin.

    Parameters
    ----------
    entries : list of Entry
        The parts in their order.
    offsets : list of int
        Where the header of each begins.
    end : bytes
        All that follows the last part.
    """

    entries: Sequence[Entry]
    offsets: Sequence[int]
    end: bytes

    @classmethod
    def of(cls, entries: Sequence[Entry]) -> "Listing":
        """Lay the parts out end to end."""
        offsets, at = [], 0
        for entry in entries:
            offsets.append(at)
            at += len(entry.local()) + entry.size
        if at > MOST_BYTES or len(entries) > MOST_PARTS:
            raise ValueError(
                f"{at} bytes in {len(entries)} parts are more than a file can hold"
            )
        middle = b"".join(e.central(offset) for e, offset in zip(entries, offsets))
        counts = (0, 0, len(entries), len(entries))
        return cls(
            entries,
            offsets,
            middle + _END.pack(b"PK\x05\x06", *counts, len(middle), at, 0),
        )


def sums_of(buffers: Sequence[Buffer]) -> tuple[int, str]:
    """CRC-32 and SHA-256 of buffers, end to end; both at the same time."""
    with ThreadPoolExecutor(1) as pool:
        digest = pool.submit(_sha256, buffers)
        crc = 0
        for buffer in buffers:
            crc = zlib.crc32(buffer, crc)
        return crc, digest.result()


def _sha256(buffers: Iterable[Buffer]) -> str:
    digest = hashlib.sha256()
    for buffer in buffers:
        digest.update(buffer)
    return digest.hexdigest()


def size_of(buffers: Sequence[Buffer]) -> int:
    """Bytes of buffers, end to end."""
    return sum(memoryview(buffer).nbytes for buffer in buffers)


def write_container(
    path: Path, parts: Sequence[tuple[str, Sequence[Buffer], int]]
) -> None:
    """Write parts to `path`, whole or not at all.

    Parameters
    ----------
    path : Path
        The file; an earlier one is replaced.
    parts : sequence of tuple
        Name, buffers and CRC-32 of each part.
    """
    listing = Listing.of([Entry(n, size_of(b), crc) for n, b, crc in parts])
    with replacing(path) as file:
        for entry, (_, buffers, _) in zip(listing.entries, parts):
            file.write(entry.local())
            for buffer in buffers:
                file.write(buffer)
        file.write(listing.end)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Write the folder's list of files to the disk, where systems know such a thing."""
    if os.name != "posix":
        return
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


class Container:
    """An open file of parts; what it says is checked before a part is read.

    Parameters
    ----------
    file : BinaryIO
        The file; all is read from this one, whatever its path means later.
    most : int
        Most bytes of the file.

    Raises
    ------
    ValueError
        If it is not what `write_container` writes.
    """

    def __init__(self, file: BinaryIO, most: int) -> None:
        self._file = file
        size = file.seek(0, 2)
        if size > min(most, MOST_BYTES + (1 << 24)):
            raise ValueError(f"it has {size} bytes, and at most {most} are allowed")
        self._listing = _read_listing(file, size)
        self.names = [entry.name for entry in self._listing.entries]
        self._places = {name: i for i, name in enumerate(self.names)}
        if len(self._places) < len(self.names):
            raise ValueError("two of its parts have the same name")
        self.n_bytes = size

    def size(self, name: str) -> int:
        """Bytes of a part."""
        return self._listing.entries[self._place(name)].size

    def read(self, name: str, most: int) -> tuple[bytes, str]:
        """Read a part, with its SHA-256."""
        if self.size(name) > most:
            raise ValueError(f"its part {name} has {self.size(name)} bytes")
        buffer = bytearray(self.size(name))
        digest = self.read_into(name, [buffer], ())
        return bytes(buffer), digest

    def start(self, name: str, n_bytes: int) -> bytes:
        """Read the first bytes of a part; nothing vouches for them yet."""
        entry = self._enter(name)
        return self._file.read(min(n_bytes, entry.size))

    def read_into(
        self, name: str, buffers: Sequence[Buffer], before: Sequence[bytes]
    ) -> str:
        """Read a part into buffers of its size; return its SHA-256.

        Parameters
        ----------
        name : str
            The part.
        buffers : sequence of writable buffers
            Where its bytes go.
        before : sequence of bytes
            What the part begins with, see `start`; it must still do so.
        """
        entry = self._enter(name)
        for expected in before:
            if self._file.read(len(expected)) != expected:
                raise ValueError("it changes while it is read")
        for buffer in buffers:
            view = memoryview(buffer)
            if view.nbytes and _fill(self._file, view.cast("B")) != view.nbytes:
                raise ValueError(f"its part {name} ends too early")
        whole = [*before, *buffers]
        if size_of(whole) != entry.size:
            raise ValueError(f"its part {name} is not as large as it says")
        crc, digest = sums_of(whole)
        if crc != entry.crc:
            raise ValueError(f"its part {name} does not have its checksum")
        return digest

    def _place(self, name: str) -> int:
        if name not in self._places:
            raise ValueError(f"its part {name} is missing")
        return self._places[name]

    def _enter(self, name: str) -> Entry:
        """Go to the first byte of a part."""
        place = self._place(name)
        entry = self._listing.entries[place]
        self._file.seek(self._listing.offsets[place])
        if self._file.read(len(entry.local())) != entry.local():
            raise ValueError("its list of parts disagrees with the parts")
        return entry


def _fill(file: BinaryIO, view: memoryview) -> int:
    done = 0
    while done < len(view):
        n: int = file.readinto(view[done:])  # type: ignore[attr-defined]
        if not n:
            break
        done += n
    return done


def _read_listing(file: BinaryIO, size: int) -> Listing:
    if size < _END.size:
        raise ValueError("it is too short")
    file.seek(size - _END.size)
    end = file.read(_END.size)
    sign, _, _, _, count, length, at, _ = _END.unpack(end)
    if sign != b"PK\x05\x06":
        raise ValueError("its end is missing")
    longest = count * (_CENTRAL.size + 64)
    if count > MOST_PARTS or length > longest or at + length + _END.size != size:
        raise ValueError("its list of parts is not where it belongs")
    file.seek(at)
    middle = file.read(length)
    entries, place = [], 0
    for _ in range(count):
        if place + _CENTRAL.size > length:
            raise ValueError("its list of parts ends too early")
        fields = _CENTRAL.unpack_from(middle, place)
        crc, n_bytes, n_letters = fields[7], fields[9], fields[10]
        place += _CENTRAL.size
        name = middle[place : place + n_letters].decode("ascii", "replace")
        place += n_letters
        if not NAME.fullmatch(name):
            raise ValueError(f"it has a part {name[:40]!r}")
        entries.append(Entry(name, n_bytes, crc))
    listing = Listing.of(entries)
    if listing.end != middle + end:
        raise ValueError("its list of parts is not written in the one way")
    return listing
