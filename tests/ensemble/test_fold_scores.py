"""Models of all folds score new rows together, and as each does alone."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_suite import MLPClassifier, MLPRegressor
from sknn_suite.ensemble import (
    CrossFitClassifier,
    CrossFitRegressor,
    CrossFitStackingClassifier,
    _fold_scores,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
SMALL = {"hidden_layer_sizes": (8,), "max_iter": 5, "random_state": 0}
MODELS = {
    "alone": MLPClassifier(**SMALL),
    "behind a scaler": make_pipeline(StandardScaler(), MLPClassifier(**SMALL)),
    "behind nothing": Pipeline(
        [("no", "passthrough"), ("net", MLPClassifier(**SMALL))]
    ),
}


@pytest.fixture
def together(monkeypatch):
    """Numbers of networks that were asked to predict together."""
    found = []
    predict_each = _fold_scores.predict_each

    def watched(networks, tables):
        found.append(len(networks))
        return predict_each(networks, tables)

    monkeypatch.setattr(_fold_scores, "predict_each", watched)
    return found


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize("rows", ["two", "three"])
def test_networks_of_all_folds_predict_together(request, rows, model, together):
    X, y = request.getfixturevalue(rows)
    folds = CrossFitClassifier(model, cv=4).fit(X, y)
    expected = np.mean([e.predict_proba(X) for e in folds.estimators_], axis=0)
    np.testing.assert_allclose(folds.predict_proba(X), expected, rtol=0, atol=1e-12)
    assert together == [4]


def test_networks_for_numbers_too(numbers, together):
    X, y = numbers
    folds = CrossFitRegressor(MLPRegressor(**SMALL), cv=4).fit(X, y)
    expected = np.mean([e.predict(X) for e in folds.estimators_], axis=0)
    np.testing.assert_allclose(folds.predict(X), expected, rtol=1e-12)
    assert together == [4]


def test_other_models_are_asked_one_by_one(two, together):
    members = [("net", MODELS["alone"]), ("line", LogisticRegression())]
    stack = CrossFitStackingClassifier(members, final_estimator="mean").fit(*two)
    parts = [m.predict_proba(two[0]) for m in stack.members_.values()]
    np.testing.assert_array_equal(stack.predict_proba(two[0]), np.mean(parts, axis=0))
    assert together == [5, 5]
