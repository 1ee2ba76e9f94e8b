import matplotlib as mpl
import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, precision_score, recall_score
from sklearn.model_selection import TunedThresholdClassifierCV

from sknn_suite.plotting import ThresholdCurveDisplay

mpl.use("Agg")
plt = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def table():
    X, y = load_breast_cancer(return_X_y=True)
    return X[:, [1, 4]], y  # two weak columns, so that the classes overlap


def test_curves_are_the_scores_of_predictions_at_each_threshold(table):
    X, y = table
    model = LogisticRegression().fit(X, y)
    display = ThresholdCurveDisplay.from_estimator(model, X, y)
    proba = model.predict_proba(X)[:, 1]
    for threshold in [0.1, 0.5, 0.7, *display.thresholds[[0, 40, -1]]]:
        predicted = proba >= threshold
        expected = [
            score(y, predicted) for score in (precision_score, recall_score, f1_score)
        ]
        np.testing.assert_allclose(display.values_at(threshold), expected)


def test_above_every_score_nothing_is_found(table):
    X, y = table
    display = ThresholdCurveDisplay.from_predictions(y, X[:, 0])
    assert display.values_at(X[:, 0].max() + 1) == (0, 0, 0)


def test_tuned_threshold_is_marked_and_told(table):
    X, y = table
    tuned = TunedThresholdClassifierCV(LogisticRegression(), scoring="f1").fit(X, y)
    display = ThresholdCurveDisplay.from_estimator(tuned, X, y)
    assert display.chosen == tuned.best_threshold_
    assert display.chosen_line_.get_label().startswith(
        f"chosen {tuned.best_threshold_:.3f}: precision"
    )
    assert display.values_at(display.chosen)[2] == pytest.approx(
        f1_score(y, tuned.predict(X))
    )


def test_labels_may_be_strings(table):
    X, y = table
    names = np.array(["malignant", "benign"])[y]
    model = LogisticRegression().fit(X, names)
    display = ThresholdCurveDisplay.from_estimator(model, X, names)
    assert display.ax_.get_ylabel().endswith("for class malignant")
    assert display.chosen == 0.5


def test_three_classes_are_refused():
    X, y = load_iris(return_X_y=True)
    model = LogisticRegression(max_iter=1000).fit(X, y)
    with pytest.raises(ValueError, match="has 3 classes"):
        ThresholdCurveDisplay.from_estimator(model, X, y)
