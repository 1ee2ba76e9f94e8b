"""Regressor: numbers from raw scores."""

from numbers import Real

from sklearn.base import RegressorMixin
from sklearn.utils.metaestimators import available_if

from sknn_suite.doors import Interval, StrOptions, fit_context, to_home
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

    quantile : float, default=0.5
        Quantile that loss="quantile" predicts, in (0, 1).

    huber_delta : float, default=1.0
        Error beyond which loss="huber" is linear, in the units of y, in (0, inf).
    """

    loss: str = param(
        "squared_error",
        StrOptions({"squared_error", "absolute_error", "huber", "poisson", "quantile"}),
        kw_only=False,
    )
    quantile: float = param(0.5, Interval(Real, 0, 1, closed="neither"))
    huber_delta: float = param(
        1.0, Interval(Real, 0, None, closed="neither"), group="rare"
    )

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
