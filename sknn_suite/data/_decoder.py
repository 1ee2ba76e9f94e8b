"""Decode image files to pixels of one size: eight bits, grey or RGB."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np

from sknn_suite.data._paths import open_regular, reason_of
from sknn_suite.doors import import_optional
from sknn_suite.exceptions import UnreadableImageError

# The formats to read. Pillow knows forty more, and starts programs for some of them.
FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
EXPECTED = "a BMP, GIF, JPEG, PNG, PPM, TIFF or WebP file"

# A file with more pixels than this is treated as an attack: 100 megapixels.
MOST_PIXELS = 100_000_000

# Files with more pixels than this are decoded one at a time, to limit memory.
MANY_PIXELS = 1 << 24

# First bytes of formats that Pillow does not know.
_FOREIGN = {b"%PDF": "PDF", b"<svg": "SVG", b"<?xm": "SVG", b"<htm": "HTML"}

# The numbers that mean black and white, for each pixel type.
Ranges = dict[str, tuple[int, int]]


def _pillow(name: str) -> Any:
    return import_optional(f"PIL.{name}", needed_by="An image file", extra="image")


class _UnknownRange(ValueError):
    """A pixel is far outside the range of fit."""


@dataclass(frozen=True)
class Decoder:
    """How a file becomes an array of one size.

    Parameters
    ----------
    shape : tuple of int
        Height, width, and channels: 1 for grey, 3 for RGB.
    resize : {"squash", "crop", "pad"}
        How to treat other proportions: change them, cut out the middle, or add black
        borders.
    ranges : dict of str to (int, int), default={}
        The numbers that mean black and white, for each pixel type of more than eight
        bits.
    """

    shape: tuple[int, int, int]
    resize: str
    ranges: Ranges = field(default_factory=dict)
    _one_large: Any = field(default_factory=threading.Lock, compare=False, repr=False)

    def __call__(self, path: Any, row: int) -> np.ndarray:
        """Decode a file to (height, width, channels), uint8.

        From an animation or a file with several pages, the first picture is used.
        """
        return self._with_image(self._decode, path, row)

    def measure(self, path: Any, row: int) -> tuple[str, float, float] | None:
        """Type, lowest and highest pixel of a file of more than eight bits, or None."""
        return self._with_image(_measure, path, row)

    def _with_image(self, use: Any, path: Any, row: int) -> Any:
        pillow = _pillow("Image")
        expected, advice = (
            f"{EXPECTED} that can be read",
            "Repair the file or remove the row, or fit with on_bad_image='skip'",
        )
        try:
            with open_regular(path) as file, _open(pillow, file) as image:
                _refuse_size(image)
                if image.width * image.height > MANY_PIXELS:
                    with self._one_large:
                        return use(image)
                return use(image)
        except Exception as error:  # decoders may raise any error
            if isinstance(error, _UnknownRange):
                expected = "pixels in the range of fit"
                advice = "Scale the file like those of fit, or fit on such files"
            raise UnreadableImageError(
                f"Image '{path}' (row {row} of X) cannot be decoded: "
                f"{reason_of(error)}. Expected {expected}. {advice}."
            ) from error

    def _decode(self, image: Any) -> np.ndarray:
        height, width, channels = self.shape
        mode = "L" if channels == 1 else "RGB"
        # JPEG decodes faster at a fraction of its size.
        side = 2 * max(height, width)
        image.draft(mode, (side, side))
        _pillow("ImageOps").exif_transpose(image, in_place=True)
        if _type_of(image) is not None:
            image = self._to_eight_bits(image)
        image = _flatten_mode(image, mode)
        return np.asarray(self._fit(image)).reshape(self.shape)

    def _to_eight_bits(self, image: Any) -> Any:
        kind, low, high = _measure(image) or ("uint8", 0.0, 255.0)
        if kind not in self.ranges:
            seen = ", ".join(sorted({"uint8", *self.ranges}))
            raise _UnknownRange(f"its pixels are {kind}, and those of fit were {seen}")
        black, white = self.ranges[kind]
        # Slightly brighter pixels count as white; twice as bright means another unit.
        if high > 2 * white + 1 or low < black - white - 1:
            raise _UnknownRange(
                f"its {kind} pixels go from {low:g} to {high:g}, and those of fit were "
                f"in [{black}, {white}]"
            )
        factor = 255 / (white - black)
        pixels = np.asarray(image).astype(np.float32)
        pixels *= factor
        pixels -= black * factor
        grey = np.rint(pixels, out=pixels).clip(0, 255, out=pixels).astype(np.uint8)
        return _pillow("Image").fromarray(grey)

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


def find_ranges(measured: Iterable[tuple[str, float, float]]) -> Ranges:
    """Find one range for all pixels of a type, by the extremes of each file.

    Black is 0. White is the smallest of 1, 3, 7, ..., 2^n - 1 that no pixel exceeds,
    and at least 255 for integers. If there are negative pixels, black is minus white.
    So a range does not depend on single pixels, a 12-bit camera keeps its grey levels
    in a 16-bit type, and most sets of one kind get the same range.
    """
    ranges: Ranges = {}
    for kind, low, high in measured:
        black, white = ranges.get(kind, (0, 1 if kind.startswith("float") else 255))
        while white < max(high, -low):
            white = 2 * white + 1
        ranges[kind] = (-white if low < 0 or black < 0 else 0, white)
    return ranges


def _open(pillow: Any, file: BinaryIO) -> Any:
    try:
        return pillow.open(file, formats=FORMATS)
    except pillow.UnidentifiedImageError as error:
        file.seek(0)
        start = file.read(16)
        if not start:
            raise ValueError("it is empty") from error
        name = _name_format(pillow, start)
        if name is not None:
            raise ValueError(f"it looks like a file of the format {name}") from error
        raise ValueError("its header is damaged, or it has another format") from error


def _name_format(pillow: Any, start: bytes) -> str | None:
    for beginning, name in _FOREIGN.items():
        if start.lower().startswith(beginning.lower()):
            return name
    pillow.init()
    for name, (_, accepts) in pillow.OPEN.items():
        if name not in FORMATS and accepts is not None and accepts(start) is True:
            return name
    return None


def _refuse_size(image: Any) -> None:
    if image.width * image.height > MOST_PIXELS:
        raise ValueError(
            f"it has {image.width} x {image.height} pixels, more than "
            f"{MOST_PIXELS:,} in all"
        )
    if image.width < 1 or image.height < 1:
        raise ValueError(f"it has {image.width} x {image.height} pixels")


def _type_of(image: Any) -> str | None:
    """Pixel type if it has more than eight bits, else None."""
    if image.mode.startswith("I;16"):
        return "uint16"
    return {"I": "int32", "F": "float32"}.get(image.mode)


def _measure(image: Any) -> tuple[str, float, float] | None:
    kind = _type_of(image)
    if kind is None:
        return None
    pixels = np.asarray(image)
    low, high = float(pixels.min()), float(pixels.max())
    if not np.isfinite([low, high]).all():
        raise ValueError("it has pixels that are NaN or infinite")
    return kind, low, high


def _flatten_mode(image: Any, mode: str) -> Any:
    """Convert any 8-bit mode to grey or RGB; transparent pixels become black."""
    if image.mode in ("P", "PA", "LA", "RGBA", "La", "RGBa") or (
        "transparency" in image.info
    ):
        colours = image.convert("RGBA")
        ground = _pillow("Image").new("RGBA", colours.size, (0, 0, 0, 255))
        image = _pillow("Image").alpha_composite(ground, colours)
    return image if image.mode == mode else image.convert(mode)
