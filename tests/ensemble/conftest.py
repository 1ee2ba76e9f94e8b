"""What the tests of ensembles share: rows, and estimators that count their fits."""

import numpy as np
import pytest
from sklearn.datasets import make_classification, make_regression
from sklearn.linear_model import LogisticRegression, Ridge


class CountingClassifier(LogisticRegression):
    fits: list = []

    def fit(self, X, y, sample_weight=None):
        type(self).fits.append((X, y, sample_weight))
        return super().fit(X, y, sample_weight)


class CountingRegressor(Ridge):
    fits: list = []

    def fit(self, X, y, sample_weight=None):
        type(self).fits.append((X, y, sample_weight))
        return super().fit(X, y, sample_weight)


class FailsOnFewRows(LogisticRegression):
    """Fails if its first row is missing, so in one fold."""

    def fit(self, X, y, sample_weight=None):
        if len(X) and X[0, 0] != FailsOnFewRows.first:
            raise RuntimeError("the first row is missing")
        return super().fit(X, y, sample_weight)


@pytest.fixture
def counting():
    """A classifier and a regressor that note what they are fitted on."""
    CountingClassifier.fits, CountingRegressor.fits = [], []
    return CountingClassifier, CountingRegressor


@pytest.fixture
def fails_in_a_fold(two):
    FailsOnFewRows.first = two[0][0, 0]
    return FailsOnFewRows()


@pytest.fixture(scope="module")
def two():
    """Two classes, 200 rows."""
    return make_classification(200, n_informative=4, flip_y=0.1, random_state=0)


@pytest.fixture(scope="module")
def three():
    """Three classes with names, 210 rows."""
    X, y = make_classification(210, n_informative=5, n_classes=3, random_state=0)
    return X, np.array(["ash", "birch", "cedar"])[y]


@pytest.fixture(scope="module")
def numbers():
    """A number for each of 200 rows."""
    return make_regression(200, n_features=8, noise=20.0, random_state=0)
