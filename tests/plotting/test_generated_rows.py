"""Pictures of made rows beside real ones."""

import matplotlib as mpl
import numpy as np
import pytest
from imblearn.over_sampling import SMOTE
from imblearn.under_sampling import RandomUnderSampler

from sknn_suite.exceptions import DataError
from sknn_suite.imbalance import AnyShape, VAEOverSampler
from sknn_suite.plotting import GeneratedRowsDisplay

mpl.use("Agg")
plt = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture
def table():
    X = np.random.RandomState(0).normal(size=(60, 3))
    return X, np.repeat([0, 1, 2], [30, 20, 10])


def test_real_and_made_rows_of_the_class_with_most_made_ones(table):
    X, y = table
    display = GeneratedRowsDisplay.from_sampler(SMOTE(random_state=0), X, y)
    np.testing.assert_array_equal(display.real, X[y == 2])
    assert display.label == 2
    assert len(display.made) == 20
    other = GeneratedRowsDisplay.from_sampler(SMOTE(random_state=0), X, y, label=1)
    assert (len(other.real), len(other.made)) == (20, 10)
    assert "20 real and 10 made rows of class 1" in other.figure_.get_suptitle()


def test_the_columns_that_differ_most_come_first():
    random = np.random.RandomState(0)
    real = random.normal(size=(100, 12))
    made = real + np.arange(12) / 4
    names = [f"x{j}" for j in range(12)]
    display = GeneratedRowsDisplay.from_arrays(real, made, names=names)
    assert list(display.differences_)[:2] == ["x11", "x10"]
    assert list(display.differences_.values())[-1] == 0
    assert [ax.get_title() for ax in display.axes_][:2] == ["x11", "x10"]
    assert len(display.axes_) == 8
    points = display.ax_.collections
    assert [len(p.get_offsets()) for p in points] == [100, 100]


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames_are_drawn_by_the_kinds_of_their_columns(library):
    frames = pytest.importorskip(library)
    random = np.random.RandomState(0)
    dates = np.datetime64("2024-01-01") + random.randint(0, 1500, 60)
    X = frames.DataFrame(
        {
            "kind": random.choice(["a", "b"], 60).tolist(),
            "is_new": (random.uniform(size=60) < 0.5).tolist(),
            "since": dates.astype("datetime64[ms]"),
            "size": random.normal(size=60),
        }
    )
    y = np.repeat([0, 1], [40, 20])
    sampler = VAEOverSampler(max_iter=1, random_state=0)
    display = GeneratedRowsDisplay.from_sampler(sampler, X, y)
    assert set(display.differences_) == {"kind", "is_new", "since", "size"}
    display.figure_.draw_without_rendering()
    words = {
        ax.get_title(): [tick.get_text() for tick in ax.get_xticklabels()]
        for ax in display.axes_
    }
    assert set(words["kind"]) == {"a", "b"}
    assert set(words["is_new"]) == {"True", "False"}
    assert any(text.startswith("202") for text in words["since"])


def test_images_are_drawn_in_two_grids():
    images = np.random.RandomState(0).randint(0, 256, (40, 5, 5, 3), dtype=np.uint8)
    y = np.repeat([0, 1], [30, 10])
    display = GeneratedRowsDisplay.from_sampler(
        AnyShape(SMOTE(random_state=0)), images, y
    )
    assert len(display.axes_) == 10 + 20
    np.testing.assert_allclose(
        display.axes_[0].images[0].get_array(), images[30] / 255, atol=0.02
    )
    assert display.ax_ is None


def test_what_cannot_be_drawn_is_told(table):
    X, y = table
    with pytest.raises(DataError, match="RandomUnderSampler has made no rows"):
        GeneratedRowsDisplay.from_sampler(RandomUnderSampler(), X, y)
    with pytest.raises(TypeError, match="has no 'fit_resample'"):
        GeneratedRowsDisplay.from_sampler(object(), X, y)
    with pytest.raises(DataError, match="made has no rows"):
        GeneratedRowsDisplay.from_arrays(X, X[:0])
    with pytest.raises(DataError, match="real has 3 columns and made 2"):
        GeneratedRowsDisplay.from_arrays(X, X[:, :2])
