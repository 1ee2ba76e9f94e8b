"""TableLine and TextLine: linear models on mixed tables and on texts."""

from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge

from sknn_suite.data import ColumnTable
from sknn_suite.ensemble._clock import Clock
from sknn_suite.ensemble._mixed_codes import MixedCodes

# Rows of a first fit, by whose seconds the number of rows is chosen.
PILOT_ROWS = 2_000

MOST_ITERATIONS = 200

# Of the time for texts, what reading their words and letters may take.
READING = 0.5


class TableLine(BaseEstimator):
    """A linear model on tables of mixed columns, within a time limit.

    Numbers are scaled and clipped, gaps are flags, categories have a column each.

    Parameters
    ----------
    is_label : bool
        Whether y has codes of classes, from 0, rather than numbers.
    max_time : float or None
        Seconds; if they are too few, a part of the rows is fitted.
    given : dict of str to str or None
        Kinds of the columns.
    random_state : int or None
        Seed, for the part of the rows.

    Attributes
    ----------
    codes_ : MixedCodes
        From columns to numbers.
    model_ : LogisticRegression or Ridge
        The linear model.
    """

    codes_: MixedCodes

    def __init__(
        self,
        is_label: bool = True,
        max_time: float | None = None,
        given: dict[str, str] | None = None,
        random_state: int | None = None,
    ) -> None:
        self.is_label = is_label
        self.max_time = max_time
        self.given = given
        self.random_state = random_state

    def fit(
        self, X: ColumnTable, y: np.ndarray, sample_weight: np.ndarray | None = None
    ) -> "TableLine":
        """Fit the model."""
        clock = Clock(self.max_time)
        self.codes_ = MixedCodes("line", self.given).fit(X, sample_weight)
        rows = self.codes_.transform(X)
        self.model_ = fit_line(
            rows, y, sample_weight, self.is_label, clock.left, self.random_state
        )
        return self

    def predict(self, X: ColumnTable) -> np.ndarray:
        """Predict numbers, or codes of classes."""
        return self.model_.predict(self.codes_.transform(X))

    def predict_proba(self, X: ColumnTable) -> np.ndarray:
        """Predict probabilities, (n_samples, n_classes)."""
        return self.model_.predict_proba(self.codes_.transform(X))


class TextLine(BaseEstimator):
    """A linear model on the words, word pairs and letters of texts.

    Parameters
    ----------
    is_label : bool
        Whether y has codes of classes, from 0, rather than numbers.
    max_time : float or None
        Seconds; if they are too few, a part of the rows is fitted.
    random_state : int or None
        Seed, for the part of the rows.

    Attributes
    ----------
    words_, letters_ : TfidfVectorizer
        From texts to numbers.
    model_ : LogisticRegression or Ridge
        The linear model.
    """

    def __init__(
        self,
        is_label: bool = True,
        max_time: float | None = None,
        random_state: int | None = None,
    ) -> None:
        self.is_label = is_label
        self.max_time = max_time
        self.random_state = random_state

    def fit(
        self, X: Any, y: np.ndarray, sample_weight: np.ndarray | None = None
    ) -> "TextLine":
        """Fit the vectorizers and the model."""
        clock, n_rows = Clock(self.max_time), len(X)
        if np.isfinite(clock.limit) and n_rows > PILOT_ROWS:
            order = _in_order(y, self.is_label, self.random_state)
            self._read([X[i] for i in order[:PILOT_ROWS]])
            pace = clock.spent / PILOT_ROWS
            n_rows = int(READING * clock.limit / max(pace, 1e-9))
        if n_rows < len(X):
            kept = np.sort(order[: max(n_rows, PILOT_ROWS)])
            X, y = [X[i] for i in kept], y[kept]
            sample_weight = None if sample_weight is None else sample_weight[kept]
        rows = self._read(X)
        self.model_ = fit_line(
            rows, y, sample_weight, self.is_label, clock.left, self.random_state, C=4.0
        )
        return self

    def _read(self, X: Any) -> Any:
        """Learn the words and letters of texts; return the matrix of these."""
        fewest = 2 if len(X) > 50 else 1
        self.words_ = TfidfVectorizer(
            ngram_range=(1, 2),
            min_df=fewest,
            max_features=100_000,
            sublinear_tf=True,
            token_pattern=r"(?u)\b\w+\b",
        )
        self.letters_ = TfidfVectorizer(
            analyzer="char_wb",
            ngram_range=(2, 4),
            min_df=fewest,
            max_features=50_000,
            sublinear_tf=True,
        )
        parts = [self.words_.fit_transform(X), self.letters_.fit_transform(X)]
        return sparse.hstack(parts, format="csr")

    def _rows(self, X: Any) -> Any:
        parts = [self.words_.transform(X), self.letters_.transform(X)]
        return sparse.hstack(parts, format="csr")

    def predict(self, X: Any) -> np.ndarray:
        """Predict numbers, or codes of classes."""
        return self.model_.predict(self._rows(X))

    def predict_proba(self, X: Any) -> np.ndarray:
        """Predict probabilities, (n_samples, n_classes)."""
        return self.model_.predict_proba(self._rows(X))


def fit_line(
    rows: Any,
    y: np.ndarray,
    weight: np.ndarray | None,
    is_label: bool,
    seconds: float,
    seed: int | None,
    C: float = 1.0,
) -> Any:
    """Fit a logistic or ridge regression, on as many rows as there is time for.

    Parameters
    ----------
    rows : csr_array
        The rows.
    y, weight : ndarray
        What is predicted, and the weight of each row or None.
    is_label : bool
        Whether y has codes of classes.
    seconds : float
        Time limit; inf is none.
    seed : int or None
        Of the choice of rows.
    C : float, default=1.0
        Inverse strength of the penalty.
    """
    model: Any = Ridge(alpha=1.0 / C)
    if is_label:
        model = LogisticRegression(C=C, max_iter=MOST_ITERATIONS)

    def fit(chosen: Any) -> Any:
        own = None if weight is None else weight[chosen]
        return model.fit(rows[chosen], y[chosen], sample_weight=own)

    n_rows = len(y)
    if np.isinf(seconds) or n_rows <= PILOT_ROWS:
        return fit(slice(None))
    order = _in_order(y, is_label, seed)
    pilot = Clock(seconds)
    fit(np.sort(order[:PILOT_ROWS]))
    pace = pilot.spent / PILOT_ROWS
    n_fit = min(n_rows, int(0.7 * max(seconds, 0.0) / pace))
    return fit(np.sort(order[:n_fit])) if n_fit > PILOT_ROWS else model


def _in_order(y: np.ndarray, is_label: bool, seed: int | None) -> np.ndarray:
    """Shuffle rows, so that the first ones stand for all; one of each class leads."""
    order = np.random.RandomState(seed).permutation(len(y))
    if is_label:
        first = np.unique(y[order], return_index=True)[1]
        order = np.concatenate([order[first], np.delete(order, first)])
    return order
