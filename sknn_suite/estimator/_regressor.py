"""The regressing half: numbers, and R2 of validation rows."""

from numbers import Real

import numpy as np
import torch
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils.metaestimators import available_if

from sknn_suite.checks import check_counts
from sknn_suite.data import TensorBundle
from sknn_suite.doors import Interval, StrOptions, fit_context, to_home
from sknn_suite.encoding import NumberTarget
from sknn_suite.estimator._base import transactional
from sknn_suite.estimator._supervised import (
    SupervisedEstimator,
    can_partial_fit,
    refuse_early_stopping,
)
from sknn_suite.exceptions import DataError
from sknn_suite.losses import (
    LINKS,
    AbsoluteLoss,
    HuberLoss,
    Loss,
    PoissonLoss,
    QuantileLoss,
    SquaredLoss,
)
from sknn_suite.parameters import param, parameters


@parameters
class RegressorHalf(RegressorMixin, SupervisedEstimator):
    """Regression of one or several numbers per row.

    Parameters
    ----------
    loss : {"squared_error", "absolute_error", "huber", "poisson", "quantile"}, \
            default="squared_error"
        What is minimised, and so what is predicted: the mean (squared error; poisson
        for counts, where predictions are positive), the median (absolute error; huber
        lies between the two), or a quantile.

    huber_delta : float, default=1.0
        Error in units of y, in (0, inf), beyond which "huber" is linear.

    quantile : float, default=0.5
        The quantile that loss="quantile" predicts, in (0, 1).
    """

    loss: str = param(
        "squared_error",
        StrOptions({"squared_error", "absolute_error", "huber", "poisson", "quantile"}),
        kw_only=False,
    )
    huber_delta: float = param(1.0, Interval(Real, 0, None, closed="neither"))
    quantile: float = param(0.5, Interval(Real, 0, 1, closed="neither"))

    @available_if(can_partial_fit)
    @transactional
    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None):
        """Train one epoch more on the given rows; the optimiser's state goes on.

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
        refuse_early_stopping(self)
        resume = self.__sklearn_is_fitted__()
        return self._fit(X, y, sample_weight, resume=resume, n_epochs=1)

    def _learn_target(self, y: np.ndarray, *, resume: bool, partial: bool) -> None:
        if self.loss == "poisson":
            check_counts(y, self.loss)
        target = NumberTarget().fit(y)
        if resume and target.n_outputs != self._n_outputs:
            raise DataError(
                f"y has {target.n_outputs} columns, but {type(self).__name__} was "
                f"fitted with {self._n_outputs}. Expected the same number. "
                "Start anew with warm_start=False, or pass the same targets."
            )
        self._target = target

    def _make_loss(self) -> Loss:
        if self.loss == "huber":
            return HuberLoss(self.huber_delta)
        if self.loss == "quantile":
            return QuantileLoss(self.quantile)
        kinds = {
            "squared_error": SquaredLoss,
            "absolute_error": AbsoluteLoss,
            "poisson": PoissonLoss,
        }
        return kinds[self.loss]()

    def _validation_score(self, raw: torch.Tensor, valid: TensorBundle) -> float:
        """R2 of the predictions, the mean over outputs."""
        weight = None if valid.weight is None else valid.weights.cpu()
        predicted = LINKS[self.out_activation_](raw).cpu()
        if not predicted.isfinite().all():
            return np.nan
        with np.errstate(over="ignore"):  # the square of an error of a lost training
            score = r2_score(valid.targets.cpu(), predicted, sample_weight=weight)
        return float(score)

    def predict(self, X):
        """Predict the target of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The predictions, of X's type.
        """
        raw, home = self._raw_scores(X, "predict")
        values = LINKS[self.out_activation_](raw).numpy()
        return to_home(self._target.inverse_transform(values), home)
