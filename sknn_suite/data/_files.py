"""Image files as rows: decoded in threads, kept as uint8 while memory lasts."""

import hashlib
import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sknn_suite.data._bundle import LazyRows, as_tensor
from sknn_suite.data._decoder import Decoder, Ranges, find_ranges
from sknn_suite.data._paths import reason_of
from sknn_suite.exceptions import UnreadableImageError


class ImageStore:
    """Decodes files, in threads, and keeps as many as the cache holds.

    What is first read stays; the rest is read again each time. So every epoch finds
    the same part in memory, in whatever order it comes.

    Parameters
    ----------
    paths : ndarray of object
        The files.
    decoder : Decoder
        How they become arrays.
    cache_size : int
        Bytes of the cache.
    """

    def __init__(self, paths: np.ndarray, decoder: Decoder, cache_size: int) -> None:
        self.paths = paths
        self.decoder = decoder
        row_size = int(np.prod(decoder.shape))
        self.capacity = min(int(cache_size) // row_size, len(paths))
        self._cache = np.empty((self.capacity, *decoder.shape), np.uint8)
        self._slots = np.full(len(paths), -1)
        self._n_kept = 0
        self._lock = threading.Lock()
        self._coming: dict[int, Future] = {}
        n_threads = min(max(os.cpu_count() or 1, 2), 16)
        self._pool = ThreadPoolExecutor(n_threads, thread_name_prefix="decode")

    def read(self, numbers: np.ndarray) -> np.ndarray:
        """Pixels of the files with these numbers, (n, height, width, channels)."""
        out = np.empty((len(numbers), *self.decoder.shape), np.uint8)
        slots = self._slots[numbers]
        kept = np.flatnonzero(slots >= 0)
        out[kept] = self._cache[slots[kept]]
        missing = np.flatnonzero(slots < 0)
        futures = [self._decode_soon(int(numbers[i])) for i in missing]
        try:
            for i, future in zip(missing, futures):
                out[i] = future.result()
                self._keep(int(numbers[i]), out[i])
        finally:
            for future in futures:
                future.cancel()
        return out

    def prefetch(self, numbers: np.ndarray) -> None:
        """Begin to decode what will be read next."""
        coming = {}
        for number in numbers[self._slots[numbers] < 0]:
            coming[int(number)] = self._decode_soon(int(number))
        self._coming = coming

    def find_bad(self) -> dict[int, UnreadableImageError]:
        """Read every file; errors of those that cannot be decoded, by number."""
        bad = {}
        for numbers in self._chunks():
            for number, future in [(n, self._decode_soon(n)) for n in numbers]:
                try:
                    self._keep(number, future.result())
                except UnreadableImageError as error:
                    bad[number] = error
        return bad

    def learn_ranges(self) -> None:
        """Learn what is black and white where pixels have more than eight bits.

        Files that cannot be read teach nothing; who reads them later will hear of it.
        """
        measured = []
        for numbers in self._chunks():
            measure, paths = self.decoder.measure, self.paths
            for future in [self._pool.submit(measure, paths[n], n) for n in numbers]:
                with suppress(UnreadableImageError):
                    measured.append(future.result())
        ranges = find_ranges(found for found in measured if found is not None)
        self.decoder = replace(self.decoder, ranges=ranges)

    def _chunks(self) -> Iterator[range]:
        """Numbers of the files, as many at a time as wait for a thread."""
        for start in range(0, len(self.paths), 64):
            yield range(start, min(start + 64, len(self.paths)))

    def _decode_soon(self, number: int) -> Future:
        future = self._coming.pop(number, None)
        if future is None:
            future = self._pool.submit(self.decoder, self.paths[number], number)
        return future

    def _keep(self, number: int, pixels: np.ndarray) -> None:
        with self._lock:
            if self._slots[number] < 0 and self._n_kept < self.capacity:
                self._cache[self._n_kept] = pixels
                self._slots[number] = self._n_kept
                self._n_kept += 1


class ImageFiles(LazyRows):
    """Files as rows that are decoded when a batch needs them.

    Parameters
    ----------
    store : ImageStore
        Where they are read and kept.
    numbers : ndarray of int, default=None
        The chosen ones of the store's files; None chooses all.
    device : torch.device, default=cpu
        Where batches are gathered.

    Shape
    -----
    a batch : (n, height, width, channels), uint8
    """

    # What uint8 pixels are computed in.
    dtype = np.dtype(np.float32)

    def __init__(
        self,
        store: ImageStore,
        numbers: np.ndarray | None = None,
        device: torch.device | None = None,
    ) -> None:
        self.store = store
        self.numbers = np.arange(len(store.paths)) if numbers is None else numbers
        self._device = torch.device("cpu") if device is None else device

    @property
    def n_bytes(self) -> int:
        return 0  # files stay where they are

    @classmethod
    def from_paths(
        cls,
        paths: Sequence[Any],
        shape: tuple[int, int, int],
        resize: str,
        cache_size: int,
        ranges: Ranges | None = None,
    ) -> "ImageFiles":
        """Take paths as rows; `ranges` are learnt from the files if None."""
        array = np.empty(len(paths), dtype=object)
        array[:] = [os.fspath(path) for path in paths]
        store = ImageStore(array, Decoder(shape, resize, ranges or {}), cache_size)
        if ranges is None:
            store.learn_ranges()
        return cls(store)

    @property
    def ranges(self) -> Ranges:
        """What is black and white, by the type of pixels of more than eight bits."""
        return self.store.decoder.ranges

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows, height, width, channels."""
        return (len(self), *self.store.decoder.shape)

    @property
    def device(self) -> torch.device:
        return self._device

    @property
    def bytes_per_row(self) -> int:
        return int(np.prod(self.store.decoder.shape))

    @property
    def n_cached(self) -> int:
        """How many files the cache can hold."""
        return self.store.capacity

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, rows: Any) -> Any:
        if isinstance(rows, slice):
            return super().__getitem__(rows)
        return ImageFiles(self.store, self.numbers[rows], self.device)

    def to(self, device: torch.device) -> "ImageFiles":
        return ImageFiles(self.store, self.numbers, device)

    def read(self, index: np.ndarray) -> np.ndarray:
        """Pixels of the rows `index`."""
        return self.store.read(self.numbers[index])

    def index_select(self, dim: int, index: Tensor) -> Tensor:
        return as_tensor(self.read(index.cpu().numpy())).to(self.device)

    def prefetch(self, index: Tensor) -> None:
        self.store.prefetch(self.numbers[index.cpu().numpy()])

    def content(self) -> tuple[Tensor, ...]:
        """Bytes that depend on paths, sizes and times of the files."""
        digest = hashlib.blake2b(digest_size=16)
        for number in self.numbers:
            path = Path(self.store.paths[number])
            try:
                status = path.stat()
            except (OSError, ValueError) as error:
                raise UnreadableImageError(
                    f"Image '{path}' (row {number} of X) is not there: "
                    f"{reason_of(error)}. Expected a file that can be read. "
                    "Check the path, or remove the row."
                ) from error
            digest.update(f"{path} {status.st_size} {status.st_mtime_ns}\n".encode())
        return (torch.frombuffer(bytearray(digest.digest()), dtype=torch.uint8),)
