"""Image files: any size and mode in, one size out; bad ones are named."""

import tracemalloc
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.model_selection import cross_val_predict

from sknn_suite import CNNClassifier
from sknn_suite.data import ImageFiles
from sknn_suite.datasets import load_image_folder, load_image_table
from sknn_suite.exceptions import DataError, SuiteWarning, UnreadableImageError

PIL = pytest.importorskip("PIL.Image", reason="Pillow is not installed")

SMALL = {"image_shape": (16, 16, 3), "max_iter": 20, "random_state": 0}


def test_a_folder_of_photos_is_learnt_from_its_paths(folder):
    paths, labels = load_image_folder(folder)
    assert sorted(set(labels)) == ["a", "b", "c"]
    model = CNNClassifier(**SMALL).fit(paths, labels)
    assert model.score(paths, labels) > 0.9
    assert model.image_shape_ == (16, 16, 3)


@pytest.mark.parametrize(
    "kind",
    [
        list,
        lambda p: [*map(__import__("pathlib").Path, p)],
        pd.Series,
        pl.Series,
        lambda p: pd.DataFrame({"file": p}),
        lambda p: pl.DataFrame({"file": p}),
        lambda p: p.astype(object)[:, None],
    ],
    ids=["list", "Path", "pandas", "polars", "table", "polars table", "column"],
)
def test_paths_come_in_any_container(folder, kind):
    paths, labels = load_image_folder(folder)
    model = CNNClassifier(**SMALL | {"max_iter": 2})
    expected = model.fit(paths, labels).predict_proba(paths)
    found = model.fit(kind(paths), labels).predict_proba(kind(paths))
    np.testing.assert_array_equal(found, expected)


def test_cross_val_predict_on_a_list_of_paths(folder):
    paths, labels = load_image_folder(folder)
    predicted = cross_val_predict(CNNClassifier(**SMALL), list(paths), labels, cv=3)
    assert (predicted == labels).mean() > 0.8


@pytest.mark.parametrize("cache_size", [0, 10 * 16 * 16 * 3, 1 << 30])
def test_the_cache_changes_no_prediction(folder, cache_size):
    paths, labels = load_image_folder(folder)
    model = CNNClassifier(**SMALL | {"max_iter": 2})
    expected = model.fit(paths, labels).predict_proba(paths)
    model.set_params(cache_size=cache_size).fit(paths, labels)
    np.testing.assert_array_equal(model.predict_proba(paths), expected)


def test_the_cache_keeps_what_it_can_hold_and_no_more(folder, monkeypatch):
    paths, _ = load_image_folder(folder)
    files = ImageFiles.from_paths(paths, (8, 8, 3), "squash", 10 * 8 * 8 * 3)
    first = files.read(np.arange(60))
    assert files.n_cached == 10
    opened = []
    own = PIL.open
    monkeypatch.setattr(
        PIL, "open", lambda file, **kw: opened.append(file.name) or own(file, **kw)
    )
    np.testing.assert_array_equal(files.read(np.arange(60)), first)
    assert sorted(opened) == sorted(paths[10:])


def test_resizing_squashes_crops_or_pads(tmp_path):
    pixels = np.zeros((10, 20, 3), np.uint8)
    pixels[:, 5:15] = 200
    path = str(tmp_path / "wide.png")
    PIL.fromarray(pixels).save(path)
    means = {}
    for resize in ("squash", "crop", "pad"):
        files = ImageFiles.from_paths([path], (10, 10, 3), resize, 0)
        means[resize] = files.read(np.array([0])).mean()
    assert means["crop"] == 200
    assert 90 < means["squash"] < 110
    assert 40 < means["pad"] < 60


def test_the_rotation_that_a_camera_notes_is_honoured(tmp_path):
    pixels = np.zeros((8, 8, 3), np.uint8)
    pixels[:4] = 255
    image = PIL.fromarray(pixels)
    exif = image.getexif()
    exif[0x0112] = 3  # upside down
    image.save(tmp_path / "turned.png", exif=exif)
    files = ImageFiles.from_paths([tmp_path / "turned.png"], (8, 8, 3), "squash", 0)
    np.testing.assert_array_equal(files.read(np.array([0]))[0], pixels[::-1])


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"])
@pytest.mark.parametrize("n_channels", [1, 3])
def test_every_mode_becomes_grey_or_rgb(tmp_path, mode, n_channels):
    grey = PIL.fromarray(np.full((6, 6), 255, np.uint8))
    image = (
        PIL.fromarray(np.full((6, 6), 65535, np.uint16))
        if mode == "I;16"
        else grey.convert("RGB").convert(mode)
    )
    path = tmp_path / ("a.tiff" if mode == "CMYK" else "a.png")
    image.save(path)
    files = ImageFiles.from_paths([path], (6, 6, n_channels), "squash", 0)
    assert files.read(np.array([0])).min() > 250


@pytest.mark.parametrize("suffix", ["jpg", "png", "gif", "bmp", "tiff", "webp"])
def test_every_format_is_read(tmp_path, suffix):
    PIL.fromarray(np.full((9, 9, 3), 128, np.uint8)).save(tmp_path / f"a.{suffix}")
    files = ImageFiles.from_paths([tmp_path / f"a.{suffix}"], (9, 9, 3), "squash", 0)
    assert abs(files.read(np.array([0])).astype(int) - 128).max() < 5


# -- bad files -----------------------------------------------------------------------


def truncated(path):
    PIL.fromarray(np.random.RandomState(0).randint(0, 255, (64, 64, 3), np.uint8)).save(
        path, "JPEG"
    )
    path.write_bytes(path.read_bytes()[:900])


BAD = {
    "empty": lambda path: path.touch(),
    "a text": lambda path: path.write_text("no picture"),
    "truncated": truncated,
    "missing": lambda path: None,
    "a bomb": lambda path: PIL.new("1", (30_000, 30_000)).save(path, "PNG"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_file_is_named_and_nothing_is_half_fitted(folder, tmp_path, kind):
    paths, labels = load_image_folder(folder)
    bad = tmp_path / "bad.jpg"
    BAD[kind](bad)
    paths = [*paths[:7], str(bad), *paths[7:]]
    labels = [*labels[:7], "a", *labels[7:]]
    model = CNNClassifier(**SMALL)
    with pytest.raises(UnreadableImageError, match=r"bad\.jpg' \(row 7 of X\) cannot"):
        model.fit(paths, labels)
    assert not [name for name in vars(model) if name.endswith("_")]


def test_bad_files_can_be_left_out_with_a_count(folder, tmp_path):
    paths, labels = load_image_folder(folder)
    for name in ("x.jpg", "y.jpg"):
        (tmp_path / name).touch()
    more = [*paths, str(tmp_path / "x.jpg"), str(tmp_path / "y.jpg")]
    model = CNNClassifier(**SMALL | {"max_iter": 2}, on_bad_image="skip")
    groups = np.arange(62)
    with pytest.warns(SuiteWarning, match="2 of 62 images cannot be read"):
        model.fit(more, [*labels, "a", "b"], groups=groups)
    assert model.n_skipped_ == 2
    expected = model.predict_proba(paths)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(paths, labels)
    np.testing.assert_array_equal(model.predict_proba(paths), expected)
    with pytest.raises(UnreadableImageError, match=r"x\.jpg"):
        model.predict(more)


def test_a_single_path_and_a_row_without_one_are_refused(folder):
    paths, labels = load_image_folder(folder)
    with pytest.raises(DataError, match="X is the single path"):
        CNNClassifier(**SMALL).fit(paths[0], labels[:1])
    with pytest.raises(DataError, match="Row 3 of X is None, which is no path"):
        CNNClassifier(**SMALL).fit([*paths[:3], None, *paths[4:]], labels)


# -- lists of files ------------------------------------------------------------------


def test_a_folder_without_classes_is_refused(tmp_path):
    with pytest.raises(DataError, match="no sub-folder with images"):
        load_image_folder(tmp_path)
    with pytest.raises(DataError, match="is not a folder"):
        load_image_folder(tmp_path / "missing")


def test_labels_come_from_a_table(tmp_path):
    table = tmp_path / "labels.csv"
    table.write_text("id,size,breed\na1,3,pug\nb2,4,boxer\n")
    paths, labels = load_image_table(
        table, path_column="id", label_column="breed", folder="train", suffix=".jpg"
    )
    assert [p.replace("\\", "/") for p in paths] == ["train/a1.jpg", "train/b2.jpg"]
    assert labels.tolist() == ["pug", "boxer"]
    with pytest.raises(DataError, match="has no column 'race'"):
        load_image_table(table, label_column="race")


# -- memory --------------------------------------------------------------------------


def test_a_folder_larger_than_the_cache_never_stands_in_memory_as_a_whole(
    tmp_path, monkeypatch
):
    monkeypatch.setattr("sknn_suite.encoding._images.BLOCK_PIXELS", 1 << 16)
    n_files, side = 400, 64
    random = np.random.RandomState(0)
    for i in range(n_files):
        pixels = random.randint(0, 255, (side, side, 3), np.uint8)
        (tmp_path / "ab"[i % 2]).mkdir(exist_ok=True)
        PIL.fromarray(pixels).save(tmp_path / "ab"[i % 2] / f"{i}.png")
    paths, labels = load_image_folder(tmp_path)
    decoded = n_files * side * side * 3
    peaks = {}
    for cache_size in (decoded // 8, 2 * decoded):
        model = CNNClassifier(
            [(4, 3, 4), "global_max_pool"],
            image_shape=(side, side, 3),
            batch_size=16,
            max_iter=2,
            augment=None,
            cache_size=cache_size,
        )
        tracemalloc.start()  # NumPy tells it of its arrays, and all pixels are such
        model.fit(paths, labels)
        peaks[cache_size] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    small, large = peaks.values()
    assert small < decoded / 2
    assert large > decoded  # so that the test would notice
