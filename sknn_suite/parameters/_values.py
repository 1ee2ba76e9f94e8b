"""Errors for values of parameters that no type or range refuses."""

from collections.abc import Callable, Mapping
from numbers import Real
from typing import Any

import numpy as np
from sklearn.frozen import FrozenEstimator

from sknn_suite.parameters._training import TrainingParameters

# Networks may compute in float32, whose numbers end here.
LARGEST = float(np.finfo(np.float32).max)


def refuse_values(parameters: Any) -> None:
    """Refuse values that would raise an error during training.

    Parameters
    ----------
    parameters : object
        Anything that has some of the training parameters as attributes.

    Raises
    ------
    ValueError
        If one cannot be used.
    """
    for name in ("alpha", "l1_alpha", "learning_rate_init"):
        _refuse_huge(name, getattr(parameters, name, None))
    _refuse_rates(getattr(parameters, "learning_rate_init", None))
    _refuse_solver_params(getattr(parameters, "solver_params", None))
    _refuse_names(getattr(parameters, "freeze", None))
    _refuse_quantiles(getattr(parameters, "quantile", None))
    _refuse_callbacks(getattr(parameters, "callbacks", None))
    _refuse_source(getattr(parameters, "init_from", None))


def check_schedule(function: Callable[[int], Any]) -> Callable[[int], float]:
    """Wrap the user's schedule: it takes the epochs and returns a number >= 0.

    Raises
    ------
    ValueError
        By the function that is returned, if its result is no such number.
    """

    def factor(epoch: int) -> float:
        try:
            given: Any = function(epoch)
        except TypeError as error:
            raise ValueError(
                f"learning_rate={function!r} cannot be called with the number of "
                f"finished epochs: {error}. Expected a function of one number. "
                "Give it one argument, such as in lambda epoch: 0.9 ** epoch."
            ) from error
        is_number = isinstance(given, Real | np.generic) and not isinstance(given, str)
        if not (is_number and np.isfinite(given) and given >= 0):
            raise ValueError(
                f"learning_rate={function!r} returned {given!r} for epoch {epoch}. "
                "Expected the factor of learning_rate_init, a finite number >= 0. "
                "Change what it returns."
            )
        return float(given)

    return factor


def _refuse_huge(name: str, value: Any) -> None:
    if isinstance(value, Real) and float(value) > LARGEST:
        raise ValueError(
            f"{name}={value!r} is beyond the numbers that networks compute with. "
            f"Expected at most {LARGEST:g}. Lower {name}."
        )


def _refuse_rates(rates: Any) -> None:
    """Refuse a wrong list of rates; the network checks its length."""
    if rates is None or isinstance(rates, Real | str):
        return
    try:
        numbers = np.asarray(rates, dtype=np.float64)
    except (TypeError, ValueError):
        numbers = np.array([[]])
    if numbers.ndim > 1 or not numbers.size:
        raise ValueError(
            f"learning_rate_init={rates!r} is not a list of rates. Expected one "
            "number, or one per layer from input to output. Change it."
        )


def _refuse_solver_params(params: Any) -> None:
    if not isinstance(params, Mapping) or "weight_decay" not in params:
        return
    decay = params["weight_decay"]
    if not (isinstance(decay, Real) and 0 <= float(decay) <= LARGEST):
        raise ValueError(
            f"solver_params has weight_decay={decay!r}. Expected a finite number >= 0. "
            "Change it."
        )


def _refuse_names(freeze: Any) -> None:
    if not isinstance(freeze, list | tuple):
        return
    for name in freeze:
        if not isinstance(name, str):
            raise ValueError(
                f"freeze holds {name!r}. Expected names or patterns of parameters, "
                "such as 'linears.0', or one number in place of the list. Change it."
            )


def _refuse_quantiles(quantile: Any) -> None:
    """Refuse a wrong list of quantiles; one is checked as a parameter."""
    if quantile is None or isinstance(quantile, Real):
        return
    try:
        numbers = np.asarray(quantile, dtype=np.float64)
    except (TypeError, ValueError):
        numbers = np.array([])
    right = numbers.ndim == 1 and numbers.size and (np.diff(numbers) > 0).all()
    if not (right and (numbers > 0).all() and (numbers < 1).all()):
        raise ValueError(
            f"quantile={quantile!r} is not a list of quantiles. Expected one number in "
            "(0, 1), or several in ascending order. Sort them, as in [0.1, 0.5, 0.9]."
        )


def _refuse_callbacks(callbacks: Any) -> None:
    for given in callbacks or ():
        callback = given[1] if isinstance(given, tuple) and len(given) == 2 else given
        known = hasattr(callback, "on_epoch_end") and hasattr(callback, "initialize")
        if callback is not None and not known:
            raise ValueError(
                f"callbacks holds {given!r}, which is not a skorch callback. Expected "
                "instances, classes or (name, callback) pairs. Derive it from "
                "skorch.callbacks.Callback; pass scikit-learn's to set_callbacks."
            )


def _refuse_source(source: Any) -> None:
    inner = source.estimator if isinstance(source, FrozenEstimator) else source
    if source is not None and not isinstance(inner, TrainingParameters):
        raise ValueError(
            f"init_from={source!r} has no weights of a network. Expected a fitted "
            "estimator of this suite, or one in a FrozenEstimator. Pass one, or None."
        )
