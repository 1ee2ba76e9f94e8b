"""ScoringHalf: scores, thresholds and labels of a fitted detector."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import OutlierMixin
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from sknn_suite.anomaly._scores import Seen
from sknn_suite.device import map_rows
from sknn_suite.doors import Home, check_same_home, to_home, to_numpy
from sknn_suite.doors import validate_parameter_constraints as validate
from sknn_suite.modules import largest_weight


class ScoringHalf(OutlierMixin):
    """The outlier half of a detector; `AnomalyDetector` trains it."""

    _home: str
    _check_rows: Callable
    _prediction_module: Callable
    _loss_arguments: Callable
    _parameter_constraints: dict
    _encoder: Any
    _score: Any
    _auto_offset: float
    _smallest: tuple[np.ndarray, np.ndarray, float]
    contamination: float | str

    def score_samples(self, X):
        """Score rows: the larger, the more usual.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        ndarray of shape (n_samples,)
            The scores, by the parameter `score_method` of the fit.
        """
        X, home = self._rows_to_score(X, "score_samples")
        return to_home(-self._score.combine(self._scan(X, self._score.measure)), home)

    def decision_function(self, X):
        """Scores less the threshold: negative for outliers.

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
        """Tell outliers from inliers.

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
        """Tell outliers from inliers in PyOD's way.

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
        """Tell how much each feature adds to the oddness of a row.

        For score_method="auto" these are the distances and errors that the score is
        made of, for "likelihood" and "typicality" negative log-likelihoods, else errors
        of the reconstruction. What makes a row explained too well belongs to no
        feature.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Contributions, larger for odder features.
        """
        X, home = self._rows_to_score(X, "feature_scores")
        return to_home(self._scan(X, lambda seen: self._score.features(seen)), home)

    def set_contamination(self, contamination):
        """Set the threshold anew, without a fit.

        Parameters
        ----------
        contamination : "auto" or float
            Share of the training rows, in (0, 0.5], that shall be outliers.

        Returns
        -------
        self : object
            The detector, with another `offset_`.
        """
        check_is_fitted(self)
        allowed = {"contamination": self._parameter_constraints["contamination"]}
        validate(
            allowed,
            {"contamination": contamination},
            caller_name=type(self).__name__,
        )
        self.contamination = contamination
        self._set_threshold(contamination)
        return self

    def _set_threshold(self, contamination: float | str) -> None:
        if isinstance(contamination, str):
            self.offset_ = self._auto_offset
        else:
            self.offset_ = _threshold(*self._smallest, contamination)

    def _remember_scores(self, scores: np.ndarray, weight: np.ndarray | None) -> None:
        """Keep the lower half of the scores, of which any threshold can be made."""
        weight = np.ones(len(scores)) if weight is None else weight
        order = np.argsort(scores, kind="stable")
        until = np.cumsum(weight[order])
        n_kept = int(np.searchsorted(until, 0.5 * until[-1], "right")) + 2
        kept = order[:n_kept]
        self._smallest = (scores[kept], weight[kept], float(until[-1]))

    def _rows_to_score(self, X: Any, caller: str) -> tuple[np.ndarray, Home | None]:
        check_is_fitted(self)
        X, home = to_numpy(X)
        check_same_home(self._home, home, f"{type(self).__name__}.{caller}")
        return self._check_rows(X), home

    def _scan(self, X: np.ndarray, function: Callable[[Seen], Tensor]) -> np.ndarray:
        """Call a function of what the nets see of the rows, in chunks."""
        module = self._prediction_module(len(X))
        parameter = next(module.parameters())
        arguments = self._loss_arguments()
        distribution, n_outputs = arguments["distribution"], arguments["n_outputs"]

        def scan(rows: slice) -> Tensor:
            x = self._encoder.transform(X[rows], parameter.dtype).inputs["x"]
            x = x.to(parameter.device)
            raw = module(x)
            outputs, codes = raw[..., :n_outputs], raw[..., n_outputs:]
            x_hat = distribution.as_input(distribution.mean(outputs))
            seen = Seen(x, x_hat, outputs, codes, module, distribution)
            return function(seen).cpu()

        # Scores compare a row with many others, which is more than what the nets do.
        work = 10 * largest_weight(module)
        return map_rows(lambda: scan, len(X), parameter.device, work=work).numpy()


def _threshold(
    scores: np.ndarray, weight: np.ndarray, total: float, contamination: float
) -> float:
    """Threshold below which a share of the weight lies, as nearly as ties allow.

    It lies midway between two scores: a score that rounds differently tomorrow stays
    on its side.
    """
    values, index = np.unique(scores, return_inverse=True)
    until = np.cumsum(np.bincount(index, weights=weight))
    wanted = contamination * total
    n_below = int(np.searchsorted(until, wanted - 1e-12 * total)) + 1
    before = until[n_below - 2] if n_below > 1 else 0.0
    if until[min(n_below, len(until)) - 1] - wanted > wanted - before + 1e-12 * total:
        n_below -= 1
    if n_below == 0:
        return float(np.nextafter(values[0], -np.inf))
    if n_below >= len(values):
        return float(np.nextafter(values[-1], np.inf))
    return float((values[n_below - 1] + values[n_below]) / 2)
