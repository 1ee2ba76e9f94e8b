"""ScoringHalf: scores, thresholds and labels of a fitted detector."""

from collections.abc import Callable

import numpy as np
from sklearn.base import OutlierMixin
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from sknn_suite.anomaly._scan import scan
from sknn_suite.anomaly._scores import Seen
from sknn_suite.anomaly._thresholds import threshold
from sknn_suite.doors import to_home
from sknn_suite.doors import validate_parameter_constraints as validate
from sknn_suite.estimator import NeuralEstimator


class ScoringHalf(OutlierMixin, NeuralEstimator):
    """The outlier half of a detector; `AnomalyDetector` trains it."""

    def score_samples(self, X):
        """Score rows: a larger score is more usual.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        ndarray of shape (n_samples,)
            The scores, by the `score_method` of the fit.
        """
        X, home = self._rows_to_predict(X, "score_samples")
        score = self._scores.score
        return to_home(-score.combine(self._scan(X, score.measure)), home)

    def decision_function(self, X):
        """Compute scores minus the threshold: negative for outliers.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        ndarray of shape (n_samples,)
            ``score_samples(X) - offset_``.
        """
        scores = self.score_samples(X)
        return scores - self.offset_

    def predict(self, X):
        """Predict which rows are outliers.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        ndarray of shape (n_samples,)
            -1 for outliers, 1 for inliers.
        """
        decision = self.decision_function(X)
        return 1 - 2 * (decision < 0)

    def to_labels01(self, X):
        """Predict which rows are outliers, with the labels of PyOD.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        ndarray of shape (n_samples,)
            1 for outliers, 0 for inliers.
        """
        labels = self.predict(X)
        return (1 - labels) // 2

    def feature_scores(self, X):
        """Compute how much each feature contributes to the score of a row.

        For score_method="auto" the contributions are the distances and errors that make
        up the score; for "likelihood" and "typicality" they are negative
        log-likelihoods; for the others, errors of the reconstruction. An unusually
        small error is part of the score of "auto", but of no feature.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Contributions; a larger one is more unusual.
        """
        X, home = self._rows_to_predict(X, "feature_scores")
        return to_home(self._scan(X, self._scores.score.features), home)

    def set_contamination(self, contamination):
        """Set a new threshold without a new fit.

        Parameters
        ----------
        contamination : "auto" or float
            Fraction of the training rows to call outliers, in (0, 0.5].

        Returns
        -------
        self : object
            The detector, with a new `offset_`.
        """
        check_is_fitted(self)
        allowed = {"contamination": self._parameter_constraints["contamination"]}
        validate(
            allowed,
            {"contamination": contamination},
            caller_name=type(self).__name__,
        )
        self.contamination = contamination
        self.offset_ = threshold(self._scores, contamination)
        return self

    def _scan(self, X: np.ndarray, function: Callable[[Seen], Tensor]) -> np.ndarray:
        """Call a function of `Seen` on the rows, in chunks."""
        net, distribution = self._fitted_net(), self._scores.distribution
        return scan(net, distribution, X, function, self.device)
