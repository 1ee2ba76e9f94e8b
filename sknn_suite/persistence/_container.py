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
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from sknn_suite.data import replacing

# The largest number of parts, and the largest file: sizes are 32 bits wide.
MOST_PARTS = 10_000
MOST_BYTES = (1 << 32) - (1 << 24)

# Bytes that are read or written, and hashed, at a time: they fit into a cache.
PIECE = 1 << 22

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


class Sums:
    """CRC-32 and SHA-256 of bytes that come in pieces; both at the same time.

    The SHA-256 is computed by a second thread, piece by piece, while a piece is in the
    processor's cache: reading or writing it and its CRC-32 cost no further time.
    """

    def __init__(self) -> None:
        self.crc = 0
        self._digest = hashlib.sha256()
        self._pool: ThreadPoolExecutor | None = None
        self._last: Future[None] | None = None

    def __enter__(self) -> "Sums":
        return self

    def __exit__(self, *error: object) -> None:
        if self._pool is not None:
            self._pool.shutdown()

    def add(self, piece: Buffer) -> None:
        """Add a piece, which must not change before the end."""
        if memoryview(piece).nbytes >= PIECE:
            self._pool = self._pool or ThreadPoolExecutor(1)
            self._last = self._pool.submit(self._digest.update, piece)
        else:
            self._wait()
            self._digest.update(piece)
        self.crc = zlib.crc32(piece, self.crc)

    def sha256(self) -> str:
        """SHA-256 of all pieces."""
        self._wait()
        return self._digest.hexdigest()

    def _wait(self) -> None:
        """Wait for the pieces that have been handed over; they follow each other."""
        if self._last is not None:
            self._last.result()


def pieces_of(buffer: Buffer) -> Iterator[memoryview]:
    """Cut a buffer into pieces."""
    view = memoryview(buffer)
    if view.nbytes:
        view = view.cast("B")
        for at in range(0, view.nbytes, PIECE):
            yield view[at : at + PIECE]


def size_of(buffers: Sequence[Buffer]) -> int:
    """Bytes of buffers, end to end."""
    return sum(memoryview(buffer).nbytes for buffer in buffers)


def write_container(
    path: Path,
    parts: Sequence[tuple[str, Sequence[Buffer]]],
    first: tuple[str, Callable[[list[str]], bytes]] | None = None,
) -> None:
    """Write parts to `path`, whole or not at all.

    Parameters
    ----------
    path : Path
        The file; an earlier one is replaced.
    parts : sequence of tuple
        Name and buffers of each part.
    first : tuple or None
        Name of a part before them, and what makes it of their SHA-256; its length does
        not depend on what these are. It is written last, so that each part is hashed
        while it is written.
    """
    entries = [Entry(name, size_of(buffers), 0) for name, buffers in parts]
    digests = ["0" * 64] * len(parts)
    if first is not None:
        entries.insert(0, Entry(first[0], len(first[1](digests)), 0))
    offsets = Listing.of(entries).offsets
    with replacing(path) as file:
        for i, (_, buffers) in enumerate(parts):
            place = i + len(entries) - len(parts)
            entry = entries[place]
            file.seek(offsets[place] + len(entry.local()))
            with Sums() as sums:
                for buffer in buffers:
                    for piece in pieces_of(buffer):
                        sums.add(piece)
                        file.write(piece)
                if entry.size >= PIECE:  # the disk works while the hash is computed
                    file.flush()
                    os.fsync(file.fileno())
                digests[i] = sums.sha256()
            entries[place] = replace(entry, crc=sums.crc)
        if first is not None:
            data = first[1](digests)
            entries[0] = replace(entries[0], crc=zlib.crc32(data))
            file.seek(len(entries[0].local()))
            file.write(data)
        listing = Listing.of(entries)
        for entry, offset in zip(entries, offsets):
            file.seek(offset)
            file.write(entry.local())
        file.seek(0, os.SEEK_END)
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
        if size_of([*before, *buffers]) != entry.size:
            raise ValueError(f"its part {name} is not as large as it says")
        with Sums() as sums:
            for expected in before:
                if self._file.read(len(expected)) != expected:
                    raise ValueError("it changes while it is read")
                sums.add(expected)
            for buffer in buffers:
                for piece in pieces_of(buffer):
                    if _fill(self._file, piece) != piece.nbytes:
                        raise ValueError(f"its part {name} ends too early")
                    sums.add(piece)
            digest = sums.sha256()
        if sums.crc != entry.crc:
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
