"""look_inside: the network inside a Pipeline or a search, and the rows it sees."""

from typing import Any, NamedTuple

from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from sknn_suite.estimator import NeuralEstimator

# Where a search, and a tuned threshold, keep the estimator that they have fitted.
_FITTED_INSIDE = ("best_estimator_", "estimator_")


class Inside(NamedTuple):
    """An estimator and its rows.

    Parameters
    ----------
    estimator : object
        The last step, if there are steps around it.
    X, y : array-likes or None
        The rows as this estimator sees them.
    names : sequence of str or None
        Names of the columns of X, if the steps before tell them.
    is_resampled : bool
        Whether a sampler has changed the rows of fit.
    """

    estimator: Any
    X: Any
    y: Any
    names: Any = None
    is_resampled: bool = False


def look_inside(
    estimator: Any,
    X: Any = None,
    y: Any = None,
    *,
    refits: bool = False,
    has_weights: bool = False,
) -> Inside:
    """Find the last step, and pass rows through the steps before it.

    Steps in front of a fitted network transform the rows. Those in front of another one
    are copied, and fitted to the rows first.

    Parameters
    ----------
    estimator : object
        A network, a Pipeline that ends in one, or a fitted search or tuned threshold
        around either.
    X, y : array-likes, default=None
        Rows as for `fit` of the estimator.
    refits : bool, default=False
        Whether copies of the steps are fitted even in front of a fitted network.
    has_weights : bool, default=False
        Whether there are weights of the rows, which no sampler can pass on.

    Raises
    ------
    NotFittedError
        If a search is not fitted.
    ValueError
        If a sampler makes other rows than those with weights.
    """
    names, is_resampled = None, False
    while not isinstance(estimator, NeuralEstimator | type):
        place = next((n for n in _FITTED_INSIDE if hasattr(estimator, n)), None)
        if isinstance(estimator, Pipeline):
            steps, estimator = estimator.steps[:-1], estimator.steps[-1][1]
            parts = [s for _, s in steps if s is not None and s != "passthrough"]
            is_resampled |= any(hasattr(step, "fit_resample") for step in parts)
            if X is not None:
                names = names_after(parts, X, names)
                if refits or not _is_fitted(estimator):
                    X, y = _fit_through(parts, X, y, has_weights=has_weights)
                else:
                    X = _pass_through(parts, X)
        elif place is not None:
            estimator = getattr(estimator, place)
        else:
            if hasattr(estimator, "estimator"):
                check_is_fitted(estimator)
            break
    return Inside(estimator, X, y, names, is_resampled)


def names_after(steps: list[Any], X: Any, names: Any = None) -> Any:
    """Give the names of columns behind fitted steps, as the user would write them.

    A ColumnTransformer puts the name of its step before that of the column; this is
    left out while no two columns have the same name. None if a step does not tell.
    """
    if names is None and hasattr(X, "columns"):
        names = list(X.columns)
    for step in steps:
        if hasattr(step, "fit_resample"):
            continue
        try:
            names = list(step.get_feature_names_out(names))
        except (AttributeError, NotFittedError, TypeError, ValueError):
            return None
    if names is None:
        return None
    names = [str(name) for name in names]
    if not any(getattr(step, "verbose_feature_names_out", False) for step in steps):
        return names
    short = [name.partition("__")[2] or name for name in names]
    return short if len(set(short)) == len(short) else names


def _pass_through(steps: list[Any], X: Any) -> Any:
    """Rows as fitted steps pass them on; samplers act in a fit only."""
    for step in steps:
        if not hasattr(step, "fit_resample"):
            X = step.transform(X)
    return X


def _fit_through(
    steps: list[Any], X: Any, y: Any, *, has_weights: bool
) -> tuple[Any, Any]:
    """Rows and targets as copies of the steps pass them on in a fit."""
    for step in steps:
        if not hasattr(step, "fit_resample"):
            X = clone(step).fit_transform(X, y)
            continue
        if has_weights:
            raise ValueError(
                f"{type(step).__name__} makes other rows than those of X, so "
                "sample_weight does not belong to them. Expected no weights beside a "
                "sampler. Leave out sample_weight, or the sampler."
            )
        X, y = clone(step).fit_resample(X, y)
    return X, y


def _is_fitted(estimator: Any) -> bool:
    try:
        check_is_fitted(estimator)
    except (NotFittedError, TypeError):  # TypeError: a class, or a string
        return False
    return True
