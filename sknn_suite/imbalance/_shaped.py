"""ShapedSampler: the way from rows of any shape through a sampler and back."""

from typing import Any

import numpy as np
from imblearn.base import BaseSampler
from sklearn.utils.validation import validate_data

from sknn_suite.checks import check_weights
from sknn_suite.doors import fit_context
from sknn_suite.imbalance._labels import Labels
from sknn_suite.imbalance._rows import Rows, read_rows


class ShapedSampler(BaseSampler):
    """A sampler of imbalanced-learn for rows of any shape, with sample weights.

    Subclasses write `_fit_resample`, which returns rows, labels and weights, and
    `_find_strategy`.
    """

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y):
        """Check X and y, and find out how many rows of each class are wanted.

        Call `fit_resample` for the new rows.

        Parameters
        ----------
        X : array-like, data frame or list
            The rows.
        y : array-like of shape (n_samples,)
            Their labels.

        Returns
        -------
        self : object
            The sampler.
        """
        rows, labels = self._read(X, y)
        self.sampling_strategy_ = self._find_strategy(rows, labels)
        return self

    @fit_context(prefer_skip_nested_validation=False)
    def fit_resample(self, X, y, sample_weight=None):
        """Resample rows.

        Parameters
        ----------
        X : array-like, data frame or list
            The rows.
        y : array-like of shape (n_samples,)
            Their labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row. The weights of the new rows are in `sample_weight_`.

        Returns
        -------
        X_resampled : same type as X
            The new rows.
        y_resampled : same type as y
            Their labels.

        Raises
        ------
        DataError
            If rows of X, or of a class of y, cannot be resampled in this way.
        """
        rows, labels = self._read(X, y)
        weight = check_weights(sample_weight, labels.values)
        self.sampling_strategy_ = self._find_strategy(rows, labels)
        X_new, y_new, self.sample_weight_ = self._fit_resample(rows, labels, weight)
        return X_new, y_new

    def _fit_resample(
        self, X: Rows, y: Labels, sample_weight: np.ndarray | None
    ) -> tuple[Any, Any, np.ndarray | None]:
        """Resample rows that are checked; return rows, labels and weights."""
        raise NotImplementedError

    def _find_strategy(self, X: Rows, labels: Labels) -> dict:
        """Count the rows of each class that are wanted."""
        raise NotImplementedError

    def _read(self, X: Any, y: Any) -> tuple[Rows, Labels]:
        rows = read_rows(X, self)
        labels = Labels.read(self, np.empty(rows.n), y)
        for name in ("n_features_in_", "feature_names_in_"):
            self.__dict__.pop(name, None)  # of an earlier fit
        if rows.n_columns is not None:
            validate_data(self, X=X, y="no_validation", skip_check_array=True)
        return rows, labels
