"""Warnings of a search in a block point at the user's line, and are said once."""

import warnings

import numpy as np
import pytest
from sklearn.ensemble import BaggingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_suite import MLPClassifier, train_together

X = np.random.RandomState(0).normal(size=(60, 3))
Y = (X[:, 0] > 0).astype(int)
MODEL = make_pipeline(
    StandardScaler(), MLPClassifier((4,), max_iter=2, tol=0, random_state=0)
)
GRID = {"mlpclassifier__alpha": [0.1, 1.0]}
CALLS = {
    "search": lambda: GridSearchCV(MODEL, GRID, cv=3, refit=False).fit(X, Y),
    "folds": lambda: cross_val_score(MODEL, X, Y, cv=3),
    "nested": lambda: cross_val_score(GridSearchCV(MODEL, GRID, cv=2), X, Y, cv=2),
    "ensemble": lambda: BaggingClassifier(MODEL, n_estimators=3).fit(X, Y),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_warning_points_at_the_line_of_the_call_and_comes_once(name):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        with train_together():
            CALLS[name]()
    (warning,) = [w for w in caught if w.category is ConvergenceWarning]
    assert warning.filename == __file__


@pytest.mark.parametrize(("action", "n_told"), [("always", 6), ("ignore", 0)])
def test_filters_of_the_user_decide_how_often(action, n_told):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter(action)
        with train_together():
            CALLS["search"]()
    lines = {w.filename for w in caught}
    assert len(caught) == n_told
    assert lines <= {__file__}


def test_an_error_is_raised_where_warnings_are_errors():
    with warnings.catch_warnings(), train_together():
        warnings.simplefilter("error")
        with pytest.raises(ConvergenceWarning, match="Maximum iterations"):
            cross_val_score(MODEL, X, Y, cv=3, error_score="raise")
