"""ScoringHalf: scores, thresholds and labels of a fitted detector."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import OutlierMixin
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from sknn_suite.anomaly._groups import membership
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
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
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
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
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
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
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

        A Pipeline has no such method; slice it:
        ``pipeline[-1].to_labels01(pipeline[:-1].transform(X))``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        ndarray of shape (n_samples,)
            1 for outliers, 0 for inliers.
        """
        labels = self.predict(X)
        return (1 - labels) // 2

    def feature_scores(self, X, *, groups=None):
        """Compute how much each feature contributes to the score of a row.

        For score_method="auto" the contributions are the distances and errors that make
        up the score; for "likelihood" and "typicality" they are negative
        log-likelihoods; for the others, errors of the reconstruction. An unusually
        small error is part of the score of "auto", but of no feature.

        A Pipeline has no such method; slice it:
        ``pipeline[-1].feature_scores(pipeline[:-1].transform(X))``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.
        groups : mapping, transformer, array-like or None, default=None
            Features whose contributions are summed, such as the one-hot columns of one
            original column. Pass the fitted ColumnTransformer, OneHotEncoder or part of
            a pipeline that made X: by the names of its features
            ("step__column_category") there is one group for each column that it was
            fitted on, in their order. A mapping has a label for each group, and lists
            its features by number or name. An array has the label of each feature;
            groups then come in the order in which they first occur.

        Returns
        -------
        ndarray of shape (n_samples, n_features) or (n_samples, n_groups)
            Contributions; a larger one is more unusual.
        """
        X, home = self._rows_to_predict(X, "feature_scores")
        scores = self._scan(X, self._scores.score.features)
        if groups is not None:
            names = getattr(self, "feature_names_in_", None)
            matrix = membership(groups, names, scores.shape[1])
            scores = scores @ matrix.astype(scores.dtype)
        return to_home(scores, home)

    def set_params(self, **params):
        """Set parameters; `contamination` acts at once on a fitted detector.

        Its threshold `offset_` becomes what a fit with the new `contamination` would
        have found, exactly. The other parameters act from the next fit on.

        Parameters
        ----------
        **params : dict
            Parameters by name.

        Returns
        -------
        self : object
            The detector.
        """
        moves = "contamination" in params and self.__sklearn_is_fitted__()
        if moves:
            name = "contamination"
            validate(
                {name: self._parameter_constraints[name]},
                {name: params[name]},
                caller_name=type(self).__name__,
            )
        super().set_params(**params)
        if moves:
            self.offset_ = threshold(self._scores, self.contamination)
        return self

    def set_contamination(self, contamination):
        """Set a new threshold without a new fit, as `set_params` does.

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
        return self.set_params(contamination=contamination)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _scan(self, X: Any, function: Callable[[Seen], Tensor]) -> np.ndarray:
        """Call a function of `Seen` on the rows, in chunks."""
        net, distribution = self._fitted_net(), self._scores.distribution
        return scan(net, distribution, X, function, self.device)
