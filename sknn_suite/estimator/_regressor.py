"""Regressor: numbers from raw scores."""

from numbers import Real

from sklearn.base import RegressorMixin
from sklearn.utils.metaestimators import available_if

from sknn_suite.doors import Interval, StrOptions, fit_context, to_home
from sknn_suite.estimator._supervised import SupervisedEstimator, can_partial_fit
from sknn_suite.losses import LINKS
from sknn_suite.parameters import param, parameters


@parameters
class Regressor(RegressorMixin, SupervisedEstimator):
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
        return self._partial_fit(X, y, sample_weight)

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
        return to_home(self._net.target.inverse_transform(values), home)
