"""One-hot classes are learnt as scikit-learn does, with a warning."""

import warnings

import numpy as np
import pytest
from sklearn.datasets import load_iris

from sknn_suite import MLPClassifier
from sknn_suite.exceptions import SuiteWarning

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"  # few epochs are enough here
)


def test_a_one_hot_y_is_learnt_as_labels_with_one_warning():
    X, y = load_iris(return_X_y=True)
    model = MLPClassifier((5,), max_iter=3, early_stopping=True, random_state=0)
    with pytest.warns(SuiteWarning, match=r"3 columns .* y\.argmax\(axis=1\)") as told:
        model.fit(X, np.eye(3, dtype=int)[y])
    assert sum(issubclass(w.category, SuiteWarning) for w in told) == 1
    assert model.predict(X).shape == (150, 3)


@pytest.mark.parametrize("kind", ["several", "none", "two columns", "labels"])
def test_labels_are_no_one_hot_matrix(kind):
    X, y = load_iris(return_X_y=True)
    matrix = np.eye(3, dtype=int)[y]
    if kind == "several":
        matrix[0] = 1
    elif kind == "none":
        matrix[0] = 0
    elif kind == "two columns":
        X, matrix = X[:100], matrix[:100, :2]
    target = y if kind == "labels" else matrix
    with warnings.catch_warnings():
        warnings.simplefilter("error", SuiteWarning)
        MLPClassifier((5,), max_iter=3, random_state=0).fit(X, target)
