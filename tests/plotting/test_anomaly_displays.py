"""Pictures of scores, reconstructions and codes."""

import matplotlib as mpl
import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.exceptions import NotFittedError

from sknn_suite import AutoencoderDetector
from sknn_suite.plotting import (
    AnomalyScoreDisplay,
    LatentSpaceDisplay,
    ReconstructionDisplay,
)

mpl.use("Agg")
plt = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X[:150], y[:150]


@pytest.fixture(scope="module")
def model(digits):
    return AutoencoderDetector(contamination=0.1, max_iter=5, random_state=0).fit(
        digits[0]
    )


def test_scores_are_the_estimators_with_its_threshold(model, digits):
    display = AnomalyScoreDisplay.from_estimator(model, digits[0])
    np.testing.assert_array_equal(display.scores, -model.score_samples(digits[0]))
    assert display.threshold == -model.offset_
    assert display.threshold_line_.get_xdata()[0] == display.threshold
    assert "15 of 150" in display.threshold_line_.get_label()
    n_drawn = sum(patch.get_height() for patch in display.ax_.patches)
    assert n_drawn == 150


@pytest.mark.parametrize(("usual", "odd"), [(0, 1), (1, -1)])
def test_known_outliers_have_their_own_colour(digits, usual, odd):
    forest = IsolationForest(random_state=0).fit(digits[0])
    y = np.where(digits[1] == 3, odd, usual)
    display = AnomalyScoreDisplay.from_estimator(forest, digits[0], y)
    np.testing.assert_array_equal(display.is_outlier, digits[1] == 3)
    assert len({patch.get_facecolor() for patch in display.ax_.patches}) == 2


def test_scores_very_far_off_leave_room_for_the_others():
    scores = np.r_[np.linspace(-1, 1, 99), 1e6]
    display = AnomalyScoreDisplay(scores=scores).plot()
    heights = [patch.get_height() for patch in display.ax_.patches]
    assert sum(heights) == 100
    assert np.count_nonzero(heights) > 10
    assert AnomalyScoreDisplay(scores=np.ones(5)).plot().threshold_line_ is None


def test_images_stand_above_their_reconstructions(model, digits):
    X = digits[0][:4]
    display = ReconstructionDisplay.from_estimator(model, X, image_shape=(8, 8))
    assert display.axes_.shape == (2, 4)
    shown = display.axes_[1, 2].images[0].get_array()
    np.testing.assert_array_equal(shown.ravel(), model.reconstruct(X)[2])
    with pytest.raises(ValueError, match="image_shape="):
        ReconstructionDisplay.from_estimator(model, X, image_shape=(7, 8))


def test_rows_are_lines_and_pca_is_drawn_too(digits):
    pca = PCA(5).fit(digits[0])
    display = ReconstructionDisplay.from_estimator(pca, digits[0][:2])
    assert display.axes_.shape == (2,)
    drawn = display.axes_[0].get_lines()[1].get_ydata()
    expected = pca.inverse_transform(pca.transform(digits[0][:1]))[0]
    np.testing.assert_allclose(drawn, expected)


def test_codes_of_more_than_two_components_are_projected(model, digits):
    X, y = digits
    display = LatentSpaceDisplay.from_estimator(model, X, y)
    assert display.points.shape == (150, 2)
    assert 0 < display.explained < 1
    assert len(display.ax_.get_legend().get_texts()) == 10
    by_score = LatentSpaceDisplay.from_estimator(model, X)
    assert by_score.color_name == "anomaly score"


@pytest.mark.parametrize("n_components", [1, 2])
def test_codes_of_one_or_two_components_are_shown_as_they_are(digits, n_components):
    pca = PCA(n_components).fit(digits[0])
    display = LatentSpaceDisplay.from_estimator(pca, digits[0])
    codes = pca.transform(digits[0])
    np.testing.assert_array_equal(display.points[:, :n_components], codes)
    assert display.explained == 1


@pytest.mark.parametrize(
    "display", [AnomalyScoreDisplay, LatentSpaceDisplay, ReconstructionDisplay]
)
def test_an_unfitted_estimator_is_refused(display, digits):
    with pytest.raises(NotFittedError):
        display.from_estimator(AutoencoderDetector(), digits[0])
