import matplotlib as mpl
import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, precision_score, recall_score
from sklearn.model_selection import (
    TunedThresholdClassifierCV,
    cross_val_predict,
    cross_validate,
)

from sknn_suite.decision import Capacity, ThresholdTuner, find_threshold
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


def test_one_of_several_classes_is_drawn_against_the_rest():
    X, y = load_iris(return_X_y=True)
    model = LogisticRegression(max_iter=1000).fit(X[:, :2], y)
    display = ThresholdCurveDisplay.from_estimator(model, X[:, :2], y, positive_label=2)
    found = model.predict_proba(X[:, :2])[:, 2] >= 0.4
    expected = [s(y == 2, found) for s in (precision_score, recall_score, f1_score)]
    np.testing.assert_allclose(display.values_at(0.4), expected)
    assert display.chosen is None
    with pytest.raises(ValueError, match="positive_label=3 is no class"):
        ThresholdCurveDisplay.from_estimator(model, X[:, :2], y, positive_label=3)


def test_costs_have_an_axis_at_the_right(table):
    X, y = table
    model = LogisticRegression().fit(X, y)
    costs = [[0, 1], [5, 0]]
    display = ThresholdCurveDisplay.from_estimator(model, X, y, scoring=costs)
    proba = model.predict_proba(X)[:, 1]
    at = len(display.curve.thresholds) // 3
    found = proba >= display.curve.thresholds[at]
    cost = np.mean(np.where(y == 1, 5 * ~found, found))
    assert display.cost_ax_.get_ylabel() == "cost per row"
    assert display.lines_[3].get_ydata()[at] == pytest.approx(cost)
    assert display.chosen == 0.5  # that of the classifier


def test_a_capacity_draws_the_share_of_flagged_rows(table):
    X, y = table
    model = LogisticRegression().fit(X, y)
    proba = model.predict_proba(X)[:, 1]
    display = ThresholdCurveDisplay.from_predictions(y, proba, scoring=Capacity(50))
    assert (proba >= display.chosen).sum() == 50
    assert display.lines_[3].get_label() == "flagged rows"
    at = np.searchsorted(display.curve.thresholds, display.chosen)
    assert display.lines_[3].get_ydata()[at] == pytest.approx(50 / len(y))


def test_the_threshold_of_a_tuner_and_of_a_network_is_marked(table):
    X, y = table
    tuner = ThresholdTuner(LogisticRegression(), scoring="f1").fit(X, y)
    display = ThresholdCurveDisplay.from_estimator(tuner, X, y, scoring="f1")
    assert display.chosen == tuner.decision_threshold_
    other = ThresholdCurveDisplay.from_estimator(tuner, X, y, positive_label=0)
    assert other.chosen == pytest.approx(1 - tuner.decision_threshold_)


def test_cross_validation_draws_rows_out_of_fold_and_a_band_of_the_folds(table):
    X, y = table
    results = cross_validate(
        LogisticRegression(), X, y, cv=3, return_estimator=True, return_indices=True
    )
    display = ThresholdCurveDisplay.from_cv_results(results, X, y)
    left_out = cross_val_predict(
        LogisticRegression(), X, y, cv=3, method="predict_proba"
    )[:, 1]
    assert display.chosen == find_threshold(y, left_out, "f1").threshold
    assert display.fold_thresholds.shape == (3,)
    assert display.band_.get_label() == "best of each fold"
    del results["indices"]
    with pytest.raises(ValueError, match="has no indices"):
        ThresholdCurveDisplay.from_cv_results(results, X, y)
