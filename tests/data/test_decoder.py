"""Image files are read by a few formats, by one range for all, and never for ever."""

import os
import struct
import warnings
import zlib

import numpy as np
import pytest

from sknn_suite import CNNClassifier
from sknn_suite.data import ImageFiles
from sknn_suite.exceptions import SuiteWarning, UnreadableImageError

PIL = pytest.importorskip("PIL.Image", reason="Pillow is not installed")


def read(*paths, ranges=None, side=8):
    files = ImageFiles.from_paths(paths, (side, side, 1), "squash", 0, ranges)
    return files.read(np.arange(len(paths)))[..., 0]


def save(path, pixels):
    PIL.fromarray(np.asarray(pixels)).save(path)
    return path


# -- formats -------------------------------------------------------------------------


def test_a_file_that_would_start_a_program_is_refused(tmp_path, monkeypatch):
    program = tmp_path / "gs"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    path = tmp_path / "cat.png"
    path.write_text(
        "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EndComments\n%%EOF\n"
    )
    with pytest.raises(UnreadableImageError, match=r"format EPS\. Expected a BMP, GIF"):
        read(path)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is empty"),
        (b"%PDF-1.7 and so on", "format PDF"),
        (b"<svg xmlns='a'></svg>", "format SVG"),
        (b"\x00\x00\x01\x00\x01\x00\x08\x08\x00\x00", "format ICO"),
        (b"\x89PNG\r\n\x1a\n", "damaged, or it has another format"),
    ],
)
def test_a_refused_file_names_its_format(tmp_path, content, reason):
    path = tmp_path / "a.jpg"
    path.write_bytes(content)
    with pytest.raises(UnreadableImageError, match=f"{reason}.*Expected.*Repair"):
        read(path)


def test_a_camera_file_of_several_pictures_gives_the_first(tmp_path):
    first, second = (PIL.new("L", (8, 8), grey) for grey in (200, 20))
    for name, how in {"a.tif": {}, "a.gif": {}, "a.webp": {}, "a.mpo": {}}.items():
        path = tmp_path / name
        first.save(path, save_all=True, append_images=[second], **how)
        assert abs(int(read(path.rename(tmp_path / "a.jpg")).mean()) - 200) < 4, name


# -- what is no file -----------------------------------------------------------------


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_named_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(UnreadableImageError, match="it is a named pipe"):
        read(tmp_path / "pipe.png")


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("", "it is a folder"),
        ("a\0b.png", "is not allowed in file names"),
        ("a" * 300, "file name too long"),
        ("missing.png", "no such file"),
        (os.devnull, "it is a device"),
    ],
    ids=["folder", "NUL", "long", "missing", "device"],
)
def test_what_is_no_file_is_told_in_words(tmp_path, path, reason):
    with pytest.raises(UnreadableImageError, match=reason):
        read(os.path.join(tmp_path, path))  # noqa: PTH118


# -- range ---------------------------------------------------------------------------


def deep(path, value, brightest, dtype):
    pixels = np.full((8, 8), value, dtype)
    pixels[0, 0] = brightest
    return save(path, pixels)


@pytest.mark.parametrize(
    ("dtype", "value", "tops"),
    [
        (np.uint16, 200, (200, 255, 256, 4000, 65535)),
        (np.int32, 60000, (60000, 65535, 10**6)),
        (np.float32, 0.5, (0.5, 1.0, 1.01, 1.9)),
    ],
)
def test_a_value_is_the_same_grey_in_all_files_of_a_set(tmp_path, dtype, value, tops):
    paths = [deep(tmp_path / f"{t}.tiff", value, t, dtype) for t in tops]
    greys = read(*paths)[:, 4, 4]
    assert len(set(greys.tolist())) == 1


def test_few_bits_in_a_wide_type_keep_their_levels(tmp_path):
    levels = np.arange(0, 4096, 16, dtype=np.uint16).reshape(16, 16)
    grey = read(save(tmp_path / "a.tiff", levels), side=16)
    assert len(np.unique(grey)) > 250


def test_a_file_alone_or_with_darker_ones_has_the_same_grey(tmp_path):
    bright = deep(tmp_path / "a.tiff", 300, 4000, np.uint16)
    dark = deep(tmp_path / "b.tiff", 3, 9, np.uint16)
    np.testing.assert_array_equal(read(bright)[0], read(dark, bright)[1])


def test_negative_pixels_are_darker_than_zero(tmp_path):
    path = save(
        tmp_path / "a.tiff", np.linspace(-900, 900, 64, dtype=np.int32)[:, None]
    )
    grey = read(path)[0, :, 0].astype(int)
    assert (np.diff(grey) > 0).all()


@pytest.mark.parametrize("top", [1e-30, 1.0, 3e38])
def test_every_finite_float_has_a_range(tmp_path, top):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read(deep(tmp_path / "a.tiff", -top, top, np.float32))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_pixels_that_are_no_numbers_are_refused(tmp_path, value):
    path = deep(tmp_path / "a.tiff", 0.5, value, np.float32)
    with pytest.raises(UnreadableImageError, match="NaN or infinite"):
        read(path)


def test_the_range_of_a_fit_is_told_and_kept_for_predictions(tmp_path):
    paths = [deep(tmp_path / f"{i}.png", i * 50, 1000, np.uint16) for i in range(8)]
    settings = {"image_shape": (8, 8, 1), "max_iter": 2, "random_state": 0}
    model = CNNClassifier(**settings).fit(paths, [0, 1] * 4)
    (kind,) = set(model.pixel_ranges_) - {"uint8"}
    assert model.pixel_ranges_ == {"uint8": (0, 255), kind: (0, 1023)}
    together = model.predict_proba(paths)
    alone = np.concatenate([model.predict_proba([path]) for path in paths])
    np.testing.assert_allclose(alone, together, atol=1e-6)
    model.predict([deep(tmp_path / "x.png", 9, 1500, np.uint16)])
    with pytest.raises(UnreadableImageError, match=r"go from.*5000.*\[0, 1023\]"):
        model.predict([deep(tmp_path / "y.png", 9, 5000, np.uint16)])
    with pytest.raises(UnreadableImageError, match=r"are float32, and those of fit"):
        model.predict([deep(tmp_path / "z.tiff", 0.5, 1.0, np.float32)])


# -- bombs ---------------------------------------------------------------------------


def png(width, height, depth=1, kind=0, pixels=b""):
    def chunk(name, body):
        crc = zlib.crc32(name + body)
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", crc)

    head = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(pixels))
        + chunk(b"IEND", b"")
    )


BOMBS = {
    "png": png(100_000, 100_000),
    "ninety megapixels": png(9_000, 10_000, 8, 2),
    "zero": png(0, 8),
    "gif": b"GIF89a" + struct.pack("<HHBBB", 65535, 65535, 0, 0, 0) + b";",
    "bmp": b"BM" + struct.pack("<IIIIIIHH", 99, 0, 54, 40, 99999, 99999, 1, 24),
    "ppm": b"P6 100000 100000 255\n",
}


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("name", BOMBS)
def test_a_small_file_that_declares_a_huge_image_is_refused(tmp_path, name):
    path = tmp_path / "a.png"
    path.write_bytes(BOMBS[name] + bytes(100))
    with pytest.raises(UnreadableImageError, match=r"cannot be decoded: .*Expected"):
        read(path)


def test_bad_files_of_every_kind_are_left_out(tmp_path):
    good = [save(tmp_path / f"{i}.png", np.full((8, 8), 9 * i, "u1")) for i in range(6)]
    deep(tmp_path / "nan.tiff", 0.5, np.nan, np.float32)
    (tmp_path / "bomb.png").write_bytes(BOMBS["png"])
    bad = [tmp_path / "nan.tiff", tmp_path / "bomb.png", tmp_path, tmp_path / "none"]
    settings = {"image_shape": (8, 8, 1), "max_iter": 1, "on_bad_image": "skip"}
    with pytest.warns(SuiteWarning, match="4 of 10 images cannot be read"):
        model = CNNClassifier(**settings).fit([*good, *bad], [0, 1] * 5)
    assert model.n_skipped_ == 4
