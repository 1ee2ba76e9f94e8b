"""TabularRegressor."""

from numbers import Real
from typing import Any

import numpy as np

from sknn_suite.doors import Interval
from sknn_suite.estimator import Regressor
from sknn_suite.parameters import param, parameters, redefault
from sknn_suite.tabular._mixed import TabularEstimator
from sknn_suite.tabular._mixed_objective import MixedRegression
from sknn_suite.tabular._mixed_task import MixedTask


@parameters(group="training")
class TabularRegressor(TabularEstimator, Regressor):
    """Regressor for data frames as they are.

    Numbers, gaps, categories, booleans, dates and strings need no preparation, and no
    parameter needs to be set. Several small networks learn side by side, each with
    settings of its own and another part of the rows left out; predictions are their
    mean. The target is scaled inside, and predictions stay within what was seen.

    Start with `loss` and `random_state`; `max_time` ends a long fit, `n_members` trades
    quality for time.

    Parameters
    ----------
    quantile : float or array-like of float, default=0.5
        Quantile that loss="quantile" predicts, in (0, 1). Several of them are predicted
        as columns, which never cross; y is then one number per row.

    Attributes
    ----------
    out_activation_ : str
        "identity" or "exp".

    See Also
    --------
    TabularClassifier : The same for labels.
    MLPRegressor : One network for tables of numbers, a drop-in for scikit-learn's.

    References
    ----------
    Holzmüller, Grinsztajn & Steinwart, "Better by Default: Strong Pre-Tuned MLPs and
    Boosted Trees on Tabular Data", NeurIPS 2024.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_suite import TabularRegressor
    >>> X = [[size, place] for place in ("town", "sea") for size in range(30, 90)]
    >>> y = np.array([size * (2 if place == "sea" else 1) for size, place in X])
    >>> model = TabularRegressor(n_members=2, random_state=0).fit(X, y)
    >>> model.predict([[60, "sea"], [60, "town"]]).round(-1)
    array([120.,  60.])
    """

    quantile: Any = param(0.5, Interval(Real, 0, 1, closed="neither"), "array-like")

    learning_rate_init: Any = redefault("learning_rate_init", TabularEstimator, 0.04)

    def _task(self, of: Any) -> MixedTask:
        return MixedTask(of, MixedRegression(of))

    def score(self, X, y, sample_weight=None):
        """Compute R2 of the predictions.

        Parameters
        ----------
        X : data frame, or array-like of shape (n_samples, n_features)
            The rows.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The true numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row.

        Returns
        -------
        float
            The score.
        """
        if self.loss != "quantile" or np.ndim(self.quantile) == 0:
            return super().score(X, y, sample_weight)
        raise ValueError(
            f"quantile={self.quantile!r} gives several predictions per row, which have "
            "no R2. Expected one quantile. Use a pinball loss for each column of "
            "predict."
        )
