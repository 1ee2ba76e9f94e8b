"""TabularRegressor."""

from typing import Any

from sknn_suite.doors import StrOptions
from sknn_suite.estimator import Regressor
from sknn_suite.parameters import param, parameters, redefault
from sknn_suite.tabular._mixed import TabularEstimator
from sknn_suite.tabular._mixed_objective import MixedRegression
from sknn_suite.tabular._mixed_task import MixedTask


@parameters(group="training")
class TabularRegressor(TabularEstimator, Regressor):
    """Regressor for data frames as they are.

    Start with `n_members`, `loss` and `max_time`.

    Numbers, gaps, categories, booleans, dates and strings need no preparation, and no
    parameter needs to be set; `max_time` ends a long fit. Several small networks learn
    side by side, each with settings of its own and another part of the rows left out;
    predictions are their mean. The target is scaled inside, and predictions stay within
    what was seen.

    Parameters
    ----------
    scale_target : bool, "log" or "auto", default="auto"
        Units in which the networks learn y. True standardises each column of y by mean
        and standard deviation of the training rows; "log" takes the logarithm first,
        and refuses a y that is not positive. "auto" is True, but tries the logarithm of
        a skewed positive y for an eighth of the epochs, and takes it if the loss in the
        units of y is smaller on rows that were left out; counts of loss="poisson" are
        divided by their mean. Predictions and scores are in the units of y; `loss_` and
        `huber_delta` refer to the scaled y.

    calibrated : bool, default=False
        Whether loss="quantile" moves its quantiles until rows that were left out agree,
        so that the range between 0.1 and 0.9 covers 80 % of new rows. These are your
        own (X_val), or those that the networks leave out; without folds (`cv`), at
        least a quarter of the rows or 1,600. Set it when you use the range.

    Attributes
    ----------
    scale_target_ : bool or "log"
        Units in which the networks have learnt y.

    out_activation_ : str
        "identity" or "exp"; "ascending" (the scores of a row, sorted) for several
        quantiles.

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

    scale_target: bool | str = param("auto", "boolean", StrOptions({"auto", "log"}))
    learning_rate_init: Any = redefault("learning_rate_init", TabularEstimator, 0.04)

    def _task(self, of: Any) -> MixedTask:
        return MixedTask(of, MixedRegression(of))
