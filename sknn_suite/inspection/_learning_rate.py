"""find_learning_rate: the learning-rate range test for an estimator and its data."""

from numbers import Integral
from typing import Any

from sklearn.base import clone

from sknn_suite.estimator import Call, NeuralEstimator, plan_call
from sknn_suite.inspection._inside import look_inside
from sknn_suite.training import RangeTest, run_range_test


def find_learning_rate(
    estimator: Any,
    X: Any,
    y: Any = None,
    *,
    sample_weight: Any = None,
    min_rate: float = 1e-6,
    max_rate: float = 10.0,
    n_steps: int = 120,
) -> RangeTest:
    """Train with an exponentially rising learning rate, and suggest a rate.

    With a small rate the loss falls slowly, with a good one steeply, and with a large
    one it explodes; the test ends there. The test uses a clone, so `estimator` does not
    change. ``learning_rate_init="auto"`` runs the same test inside fit.

    Parameters
    ----------
    estimator : estimator or Pipeline
        An estimator of this package, a pipeline that ends in one, or a fitted search
        around either. Samplers of imbalanced-learn resample the rows, as in fit.
    X, y : array-likes
        Training data.
    sample_weight : array-like of shape (n_samples,), default=None
        Weight of each row.
    min_rate, max_rate : float, default=1e-6 and 10.0
        Ends of the range, in (0, inf).
    n_steps : int, default=120
        Number of updates over the range.

    Returns
    -------
    RangeTest
        ``rates``, smoothed ``losses`` and the ``suggestion``: the lowest rate at which
        the loss falls nearly as steeply as at the best rate. `LearningRateDisplay`
        plots it. If the loss hardly falls, or falls most steeply at an end of the
        range, a warning says so, ``doubt`` tells which, and the suggestion is the
        default rate of the estimator.

    Raises
    ------
    TypeError
        If this is not an estimator of this package.
    ValueError
        If the rates do not form a range, if `n_steps` is below 1, or if there are
        weights for rows that a sampler replaces.

    References
    ----------
    Smith, "Cyclical Learning Rates for Training Neural Networks", WACV 2017, 3.3.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from sknn_suite import MLPClassifier, find_learning_rate
    >>> X, y = make_classification(random_state=0)
    >>> test = find_learning_rate(MLPClassifier(random_state=0), X, y)
    >>> 1e-5 < test.suggestion < 1
    True
    """
    if not 0 < min_rate < max_rate:
        raise ValueError(
            f"min_rate={min_rate} and max_rate={max_rate} do not form a range. "
            "Expected 0 < min_rate < max_rate. Change one of them."
        )
    if isinstance(n_steps, bool) or not isinstance(n_steps, Integral) or n_steps < 1:
        raise ValueError(
            f"n_steps={n_steps!r} is not a number of updates. Expected an integer of "
            "at least 1. Change it; a hundred is enough."
        )
    has_weights = sample_weight is not None
    estimator, X, y, *_ = look_inside(
        estimator, X, y, refits=True, has_weights=has_weights
    )
    if not isinstance(estimator, NeuralEstimator):
        raise TypeError(
            f"{type(estimator).__name__} is not an estimator of sknn_suite. "
            "Expected one, or a Pipeline that ends in one. "
            "Pass, for example, an MLPClassifier."
        )
    model = clone(estimator)
    model._validate_params()
    fit = plan_call(model, Call(X, y, sample_weight))
    return run_range_test(
        fit.plan,
        min_rate=min_rate,
        max_rate=max_rate,
        n_steps=n_steps,
        default=fit.task.default_rate(),
    )
