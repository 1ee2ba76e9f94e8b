"""Thresholds and corrected probabilities are part of a model file."""

import numpy as np
import pytest
from sklearn.datasets import (
    load_breast_cancer,
    load_iris,
    make_multilabel_classification,
)

from sknn_suite import MLPClassifier
from sknn_suite.decision import Capacity, CostMatrix, FBeta
from sknn_suite.persistence import load, save

pytestmark = pytest.mark.filterwarnings("ignore:.*converged")

CHOSEN = [
    {"decision_threshold": wanted, "early_stopping": True}
    for wanted in ("f1", Capacity(20), CostMatrix([[0, 1], [5, 0]]), FBeta(2.0))
]


@pytest.mark.parametrize(
    "settings",
    [
        *CHOSEN,
        {"decision_threshold": 0.3},
        {"probabilities": "true_shares", "class_weight": "balanced"},
        {"probabilities": "true_shares", "batch_sampling": {0: 0.9, 1: 0.1}},
        {"probabilities": "true_shares", "loss": "logit_adjusted"},
    ],
    ids=str,
)
def test_a_decision_of_two_classes_is_kept(settings, tmp_path):
    X, y = load_breast_cancer(return_X_y=True)
    check(X / X.max(axis=0), y, settings, tmp_path)


@pytest.mark.parametrize("kind", ["multiclass", "multilabel"])
def test_thresholds_of_several_classes_are_kept(kind, tmp_path):
    X, y = load_iris(return_X_y=True)
    if kind == "multilabel":
        X, y = make_multilabel_classification(150, 5, random_state=0)
    scoring = "f1_macro" if kind == "multiclass" else "f1"
    check(X, y, {"decision_threshold": scoring, "early_stopping": True}, tmp_path)


def check(X, y, settings, tmp_path):
    model = MLPClassifier(max_iter=5, random_state=0, **settings).fit(X, y)
    save(model, tmp_path / "model.sknn")
    loaded = load(tmp_path / "model.sknn")
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
    np.testing.assert_array_equal(loaded.decision_threshold_, model.decision_threshold_)
