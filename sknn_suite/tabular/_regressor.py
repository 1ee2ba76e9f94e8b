"""MLPRegressor."""

from sknn_suite.estimator import Regression, Regressor
from sknn_suite.parameters import parameters
from sknn_suite.tabular._mlp import MLPEstimator
from sknn_suite.tabular._task import TableTask


@parameters
class MLPRegressor(MLPEstimator, Regressor):
    """Multi-layer perceptron regressor, a drop-in for scikit-learn's.

    Start with `scale_target`, `hidden_layer_sizes`, `loss`, `alpha` and
    `early_stopping`.

    Use it for tables of numbers; scale the columns, and set `scale_target` if y is far
    from unit size, such as prices. It has every parameter, default, attribute and
    method of :class:`sklearn.neural_network.MLPRegressor`, with the same meaning; the
    same `random_state` starts from the same weights and draws the same batches. It adds
    a scaled target, robust losses, calibrated quantiles, dropout, batch norm, more
    activations, callbacks, GPUs and faster arithmetic.

    Attributes
    ----------
    coefs_ : list of ndarray
        Weights of layer i, of shape (n_units_i, n_units_i+1), in the type of the
        arithmetic, see `precision`. You may assign new weights: predictions use them.

    intercepts_ : list of ndarray
        Biases of layer i + 1.

    n_layers_, n_outputs_ : int
        Number of layers, and of raw scores.

    out_activation_ : str
        "identity" or "exp"; "ascending" (the scores of a row, sorted) for several
        quantiles.

    n_features_in_ : int
        Number of features.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if X had names that are all strings.

    See Also
    --------
    MLPClassifier : The same for labels.

    Examples
    --------
    >>> from sklearn.datasets import make_regression
    >>> from sknn_suite import MLPRegressor
    >>> X, y = make_regression(n_samples=200, n_features=20, random_state=1)
    >>> model = MLPRegressor(max_iter=2000, tol=0.1, random_state=1).fit(X, y)
    >>> model.predict(X[:2]).shape
    (2,)
    >>> round(model.score(X, y), 2)
    1.0

    Its target has a standard deviation of 200. Scaled, it is learnt in fewer epochs:

    >>> scaled = MLPRegressor(scale_target=True, tol=1e-3, random_state=1).fit(X, y)
    >>> scaled.n_iter_ < model.n_iter_
    True

    One network for the median and a range that contains eight of ten new rows:

    >>> model = MLPRegressor(
    ...     loss="quantile",
    ...     quantile=[0.1, 0.5, 0.9],
    ...     calibrated=True,
    ...     scale_target=True,
    ...     tol=1e-3,
    ...     random_state=1,
    ... ).fit(X, y)
    >>> low, median, high = model.predict(X).T
    >>> bool((low <= high).all())
    True
    """

    def _task(self, of):
        return TableTask(of, Regression(of))
