"""scikit-learn's own checks of the ensembles, with none expected to fail."""

import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.utils.estimator_checks import parametrize_with_checks

from sknn_suite.ensemble import (
    CrossFitClassifier,
    CrossFitRegressor,
    CrossFitStackingClassifier,
    CrossFitStackingRegressor,
)

LINES = [("line", LogisticRegression()), ("bayes", GaussianNB())]
NUMBERS = [("ridge", Ridge()), ("line", LinearRegression())]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks(
    [
        CrossFitClassifier(cv=2),
        CrossFitRegressor(cv=2),
        CrossFitStackingClassifier(LINES, cv=2),
        CrossFitStackingRegressor(NUMBERS, cv=2),
    ]
)
def test_they_keep_scikit_learns_contract(estimator, check):
    check(estimator)
