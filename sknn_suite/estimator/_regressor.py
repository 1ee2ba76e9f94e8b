"""Regressor: numbers from raw scores."""

from collections.abc import Sequence
from numbers import Real

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import (
    check_consistent_length,
    check_is_fitted,
    column_or_1d,
)
from torch import Tensor

from sknn_suite.checks import check_weights
from sknn_suite.doors import Interval, StrOptions, fit_context, to_home, to_numpy
from sknn_suite.estimator._regression import pinball_d2
from sknn_suite.estimator._supervised import SupervisedEstimator, can_partial_fit
from sknn_suite.losses import LINKS
from sknn_suite.parameters import param, parameters


@parameters(group="training")
class Regressor(RegressorMixin, SupervisedEstimator):
    """Regression of one or several numbers per row.

    Parameters
    ----------
    loss : {"squared_error", "absolute_error", "huber", "poisson", "quantile"}, \
            default="squared_error"
        Loss function to minimise. It decides what is predicted: "squared_error" the
        mean; "poisson" the mean of counts, always positive; "absolute_error" the
        median; "huber" a value between mean and median; "quantile" a quantile.

    scale_target : bool or "log", default=False
        Units in which the network learns y. True standardises each column of y by mean
        and standard deviation of the training rows; "log" takes the logarithm first,
        and refuses a y that is not positive. Predictions and scores are in the units of
        y; `loss_`, `tol` and `huber_delta` refer to the scaled y. partial_fit learns
        the scale in its first call. loss="poisson" refuses it. Set True if y is far
        from unit size, such as prices; "log" if its errors grow with it.

    quantile : float or array-like of float, default=0.5
        Quantile that loss="quantile" predicts, in (0, 1). Several, ascending, are
        predicted by one network and never cross: ``[0.1, 0.5, 0.9]`` gives a median
        and a range for eight of ten values.

    calibrated : bool, default=False
        Whether loss="quantile" moves its quantiles until validation rows agree, so that
        the range between 0.1 and 0.9 covers 80 % of new rows. The validation rows are
        your own, or are set aside as for `early_stopping`: `validation_fraction` of the
        rows, but at least a quarter of them or 1,600. Set it when you use the range.

    huber_delta : float, default=1.0
        Error beyond which loss="huber" is linear, in (0, inf): in the units of y, or
        with `scale_target` in standard deviations.
    """

    loss: str = param(
        "squared_error",
        StrOptions({"squared_error", "absolute_error", "huber", "poisson", "quantile"}),
        kw_only=False,
    )
    scale_target: bool | str = param(False, "boolean", StrOptions({"log"}))
    quantile: float | Sequence[float] = param(
        0.5, Interval(Real, 0, 1, closed="neither"), "array-like"
    )
    calibrated: bool = param(False, "boolean")
    huber_delta: float = param(
        1.0, Interval(Real, 0, None, closed="neither"), group="rare"
    )

    @available_if(can_partial_fit)
    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None):
        """Train one more epoch on the given rows, with the optimiser's state kept.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The numbers to predict.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row, >= 0.

        Returns
        -------
        self : object
            The estimator.
        """
        if self.calibrated:
            raise ValueError(
                "partial_fit does not support calibrated=True, which needs validation "
                "rows. Expected calibrated=False. Set it, or call fit."
            )
        return self._partial_fit(X, y, sample_weight)

    def predict(self, X):
        """Predict the target of each row, in the units of y.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The predictions, in X's type; with a list as `quantile`, of shape
            (n_samples, n_quantiles), ascending in each row.
        """
        raw, home = self._raw_scores(X, "predict")
        return to_home(self._from_raw(raw), home)

    def _from_raw(self, raw: Tensor) -> np.ndarray:
        """Numbers of raw scores, in the units of y."""
        values = LINKS[self.out_activation_](raw).numpy()
        return self._net.target.inverse_transform(values)

    def score(self, X, y, sample_weight=None):
        """Score the predictions: R2, or D2 of several quantiles.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The true numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row, >= 0.

        Returns
        -------
        float
            The coefficient of determination, at most 1. With a list as `quantile`, the
            part of the mean pinball loss that the predictions save: 1 - loss / loss of
            constant predictions, the quantiles of y.
        """
        check_is_fitted(self)
        quantiles = self._net.target.quantiles
        if quantiles is None:
            return super().score(X, y, sample_weight)
        predicted = to_numpy(self.predict(X))[0]
        y = column_or_1d(to_numpy(y)[0], warn=True)
        check_consistent_length(y, predicted)
        weight = check_weights(sample_weight, y)
        return pinball_d2(y[:, None], predicted, quantiles, weight)
