"""Galleries of predictions, and filters."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from sknn_suite import CNNClassifier
from sknn_suite.exceptions import DataError
from sknn_suite.plotting import FilterDisplay, PredictionGallery
from sknn_suite.plotting._prediction_gallery import choose_rows

figure = pytest.importorskip("matplotlib.figure", reason="matplotlib is not installed")


@pytest.fixture(scope="module")
def fitted():
    """Fit digits for a few epochs; some are still wrong."""
    images, labels = load_digits().images[:200] / 16, load_digits().target[:200]
    model = CNNClassifier([(6, 3), "pool"], max_iter=4, random_state=0)
    return model.fit(images, labels), images, labels


PROBA = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.3, 0.7], [0.45, 0.55]])
CODES = np.array([0, 0, 0, 1, 1])


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("most_correct", [[0, 2], [3, 4]]),
        ("most_wrong", [[1], []]),
        ("most_uncertain", [[2, 1], [4, 3]]),
    ],
)
def test_rows_are_chosen_by_their_probabilities(kind, expected):
    chosen = choose_rows(PROBA, CODES, kind, 2)
    assert [rows.tolist() for rows in chosen] == expected


@pytest.mark.parametrize("kind", ["most_correct", "most_wrong", "most_uncertain"])
def test_a_gallery_shows_images_of_every_class(fitted, kind):
    model, images, labels = fitted
    gallery = PredictionGallery.from_estimator(
        model, images, labels, kind=kind, n_per_class=3, figure=figure.Figure()
    )
    assert gallery.axes_.shape == (10, 3)
    predicted = model.predict(images)
    for code, rows in enumerate(gallery.rows):
        assert (labels[rows] == code).all()
        np.testing.assert_array_equal(gallery.predicted[code], predicted[rows])
        shown = gallery.items[code][..., 0]
        np.testing.assert_allclose(shown, images[rows])
        if kind == "most_wrong":
            assert (predicted[rows] != code).all()


def test_a_gallery_takes_files(folder_of_files):
    paths, labels = folder_of_files
    model = CNNClassifier(image_shape=(8, 8, 3), max_iter=2, random_state=0)
    gallery = PredictionGallery.from_estimator(
        model.fit(paths, labels),
        list(paths),
        labels,
        kind="most_uncertain",
        figure=figure.Figure(),
    )
    assert gallery.items[0].shape[1:] == (8, 8, 3)


@pytest.fixture
def folder_of_files(tmp_path):
    """Twenty PNG files of two classes."""
    pillow = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    paths = [str(tmp_path / f"{i}.png") for i in range(20)]
    for i, path in enumerate(paths):
        pillow.new("RGB", (8, 8), (12 * i, 0, 0)).save(path)
    return np.array(paths), np.arange(20) % 2


def test_what_a_gallery_cannot_show_is_refused(fitted):
    model, images, labels = fitted
    with pytest.raises(ValueError, match="kind='best' is unknown"):
        PredictionGallery.from_estimator(model, images, labels, kind="best")
    with pytest.raises(DataError, match="which fit has not seen"):
        PredictionGallery.from_estimator(model, images, labels + 100)
    with pytest.raises(DataError, match="Expected one label per row"):
        PredictionGallery.from_estimator(model, images, labels[:5])


def test_filters_are_the_weights_of_the_first_convolution(fitted):
    model, _, _ = fitted
    display = FilterDisplay.from_estimator(model, figure=figure.Figure())
    weights = model._fitted_net().weights["network.layers.0.weight"]
    np.testing.assert_array_equal(display.filters, np.moveaxis(weights, 1, 3))
    assert display.axes_.size >= 6


def test_a_network_without_convolution_has_no_filters(fitted):
    _, images, labels = fitted
    model = CNNClassifier("mlp", max_iter=2).fit(images, labels)
    with pytest.raises(ValueError, match="has no convolution"):
        FilterDisplay.from_estimator(model)
