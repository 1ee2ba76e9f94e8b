"""Image files as rows: decoded in threads, kept as uint8 while memory lasts."""

import hashlib
import os
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sknn_suite.data._bundle import LazyRows, as_tensor
from sknn_suite.doors import import_optional
from sknn_suite.exceptions import UnreadableImageError

# Pixels of a file beyond which it is taken for an attack: 100 megapixels.
MOST_PIXELS = 100_000_000


def _pillow(name: str) -> Any:
    return import_optional(f"PIL.{name}", needed_by="An image file", extra="image")


@dataclass(frozen=True)
class Decoder:
    """How a file becomes an array of one size.

    Parameters
    ----------
    shape : tuple of int
        Height, width, and channels: 1 for grey, 3 for RGB.
    resize : {"squash", "crop", "pad"}
        What happens to other proportions: they are changed, the middle is cut out, or
        black borders are added.
    """

    shape: tuple[int, int, int]
    resize: str

    def __call__(self, path: Any, row: int) -> np.ndarray:
        """Decode a file to (height, width, channels), uint8."""
        pillow = _pillow("Image")
        try:
            with pillow.open(path) as image:
                return self._decode(image)
        except Exception as error:  # decoders raise whatever they like
            reason = str(error).rstrip(".") or type(error).__name__
            raise UnreadableImageError(
                f"Image '{path}' (row {row} of X) cannot be decoded: {reason}. "
                "Expected a JPEG, PNG, GIF, BMP, TIFF or WebP file that can be read. "
                "Repair the file or remove the row, or fit with on_bad_image='skip'."
            ) from error

    def _decode(self, image: Any) -> np.ndarray:
        height, width, channels = self.shape
        if image.width * image.height > MOST_PIXELS:
            raise ValueError(
                f"it has {image.width} x {image.height} pixels, more than "
                f"{MOST_PIXELS:,} in all"
            )
        mode = "L" if channels == 1 else "RGB"
        # JPEG can decode at a fraction of its size, in a fraction of the time.
        side = 2 * max(height, width)
        image.draft(mode, (side, side))
        _pillow("ImageOps").exif_transpose(image, in_place=True)
        image = _flatten_mode(image, mode)
        return np.asarray(self._fit(image)).reshape(self.shape)

    def _fit(self, image: Any) -> Any:
        height, width, _ = self.shape
        if image.size == (width, height):
            return image
        tools = _pillow("ImageOps")
        bilinear = _pillow("Image").Resampling.BILINEAR
        if self.resize == "crop":
            return tools.fit(image, (width, height), bilinear)
        if self.resize == "pad":
            return tools.pad(image, (width, height), bilinear)
        return image.resize((width, height), bilinear)


def _flatten_mode(image: Any, mode: str) -> Any:
    """Turn any mode into grey or RGB; what is transparent becomes black."""
    if image.mode.startswith(("I", "F")):  # 16 and 32 bits, scaled by their range
        pixels = np.asarray(image, np.float64)
        top = 65535.0 if image.mode.startswith("I") and pixels.max() > 255 else 255.0
        top = max(top, float(pixels.max())) if pixels.size else top
        if image.mode == "F" and pixels.max() <= 1:
            top = 1.0
        grey = np.clip(pixels / top * 255, 0, 255).astype(np.uint8)
        return _pillow("Image").fromarray(grey).convert(mode)
    if image.mode in ("P", "PA", "LA", "RGBA", "La", "RGBa") or (
        "transparency" in image.info
    ):
        colours = image.convert("RGBA")
        ground = _pillow("Image").new("RGBA", colours.size, (0, 0, 0, 255))
        image = _pillow("Image").alpha_composite(ground, colours)
    return image if image.mode == mode else image.convert(mode)


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
        for start in range(0, len(self.paths), 64):
            numbers = range(start, min(start + 64, len(self.paths)))
            for number, future in [(n, self._decode_soon(n)) for n in numbers]:
                try:
                    self._keep(number, future.result())
                except UnreadableImageError as error:
                    bad[number] = error
        return bad

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

    @classmethod
    def from_paths(
        cls,
        paths: Sequence[Any],
        shape: tuple[int, int, int],
        resize: str,
        cache_size: int,
    ) -> "ImageFiles":
        """Take paths as rows."""
        array = np.empty(len(paths), dtype=object)
        array[:] = [os.fspath(path) for path in paths]
        return cls(ImageStore(array, Decoder(shape, resize), cache_size))

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
            status = path.stat()
            digest.update(f"{path} {status.st_size} {status.st_mtime_ns}\n".encode())
        return (torch.frombuffer(bytearray(digest.digest()), dtype=torch.uint8),)
