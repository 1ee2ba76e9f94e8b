"""What inspection needs: the fitted module of an estimator, and rows as tensors.

Only this file knows where an estimator stores them.
"""

from typing import Any

import numpy as np
import torch
from scipy import sparse
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted
from torch import nn

from sknn_suite.checks import Sequences
from sknn_suite.data import TensorBundle, make_batches
from sknn_suite.encoding import ImageEncoder, SequenceEncoder, TextEncoder
from sknn_suite.estimator import Call, NeuralEstimator, plan_call
from sknn_suite.exceptions import DataError
from sknn_suite.training import ParameterGroups, TensorNet, begin


def check_ours(estimator: Any) -> None:
    """Raise an error if this is not an estimator of this package."""
    if isinstance(estimator, NeuralEstimator):
        return
    remedy = "Pass, for example, an MLPClassifier, or a Pipeline that ends in one."
    if isinstance(estimator, type):
        remedy = f"Pass a fitted one, {estimator.__name__}(...).fit(X, y)."
    name = estimator if isinstance(estimator, type) else type(estimator)
    raise TypeError(
        f"{name.__name__} is not an estimator of sknn_suite. Expected a fitted one. "
        f"{remedy}"
    )


def check_fitted(estimator: Any) -> None:
    """Raise an error if this is not a fitted estimator of this package."""
    check_ours(estimator)
    check_is_fitted(
        estimator,
        msg="This %(name)s is not fitted. Expected a fitted one. Call 'fit' with "
        "training data first.",
    )


def own_module(estimator: Any) -> nn.Module:
    """Build a separate copy of the fitted module on the CPU, in evaluation mode."""
    return estimator._fitted_net().module()


def bare_module(estimator: Any) -> nn.Module:
    """Build the module without memory for weights; freeze what training freezes."""
    module = estimator._net.network.skeleton().eval()
    if estimator.unfreeze_every is None:
        freeze = _recipe(estimator).get("freeze", estimator.freeze)
        ParameterGroups(freeze=freeze).segments(module)
    return module.eval()


def _recipe(estimator: Any, *, partial: bool = False) -> dict[str, Any]:
    """Ask the estimator's task for choices that the parameters leave open."""
    return estimator._task(estimator).recipe(1, partial=partial)


def configured(estimator: Any, X: Any, y: Any) -> Any:
    """Return a copy of an unfitted estimator that has its untrained network."""
    model: Any = clone(estimator)
    model._validate_params()
    model._set_fitted(plan_call(model, Call(X, y)).untrained())
    return model


def can_go_on(estimator: Any) -> bool:
    """Whether training could continue; networks for mixed tables start anew."""
    return "warm_start" in estimator.get_params(deep=False)


def net_to_go_on(estimator: Any, X: Any, y: Any) -> tuple[TensorNet, TensorBundle]:
    """Build the net with which training would continue, and the rows as a bundle."""
    plan = plan_call(estimator, Call(X, y, resume=True, n_epochs=1)).plan
    if isinstance(plan.settings.learning_rate_init, str):  # "auto": the fit found one
        plan = plan.change(learning_rate_init=estimator.learning_rate_)
    net = begin(plan)
    return net, net.batches_.bundle


# Schedules whose highest rate is learning_rate_init, for a moment.
WITH_A_PEAK = ("cosine", "one_cycle", "cyclic", "warm_restarts")


def passes_a_peak(estimator: Any) -> bool:
    """Whether the schedule has its highest rate for a moment only."""
    schedule = getattr(estimator, "schedule_", None)
    return isinstance(schedule, str) and schedule in WITH_A_PEAK


def highest_rate(estimator: Any) -> float | None:
    """Highest rate of the schedule; None for lbfgs, which has none.

    The last rate says little, because a schedule may end at zero.
    """
    epochs = estimator.history_[-estimator.n_iter_ :]
    rates = [row["learning_rate"] for row in epochs if "learning_rate" in row]
    if rates and passes_a_peak(estimator):
        rates.append(estimator.learning_rate_)
    return max(rates, default=None)


def rows_together(estimator: Any, n_rows: int) -> int:
    """How many of `n_rows` rows go through the network at a time."""
    return min(n_rows, estimator._net.rows_at_once or n_rows)


def largest_output(estimator: Any) -> int:
    """Size of the largest layer output for one image; 0 for other rows."""
    return estimator._net.network.config.get("largest", 0)


def has_several_labels(estimator: Any) -> bool:
    """Whether a row may have several labels."""
    return estimator._net.target.kind_ == "multilabel"


def check_rows(estimator: Any, X: Any) -> Any:
    """Check rows and return them as the estimator's encoder takes them."""
    return estimator._rows_to_predict(X, "fit")[0]


def bundle_of(estimator: Any, rows: Any, dtype: torch.dtype) -> TensorBundle:
    """Encode checked or artificial rows as one batch on the CPU."""
    bundle = estimator._net.encoder.transform(rows, dtype)
    (batch,) = make_batches(bundle, len(bundle))
    return batch


def made_up_inputs(
    estimator: Any, n_rows: int, n_steps: int, dtype: torch.dtype
) -> dict[str, Any]:
    """Artificial empty rows, as the estimator's network takes them.

    Raises
    ------
    DataError
        If the encoder is not of this package, and nothing tells what rows look like.
    """
    rows = _made_up_rows(estimator._net, n_rows, n_steps)
    if rows is not None:
        return bundle_of(estimator, rows, dtype).inputs
    n_inputs = estimator._net.network.config.get("n_inputs")
    if n_inputs is None:
        name = type(estimator._net.encoder).__name__
        raise DataError(
            f"{name} does not tell what its rows look like. Expected n_inputs in the "
            "configuration of the network, or a method empty_rows. Write "
            "empty_rows(n_rows, n_steps), which returns rows for transform."
        )
    return {"x": torch.zeros(n_rows, n_inputs, dtype=dtype)}


def _made_up_rows(net: Any, n_rows: int, n_steps: int) -> Any:
    """Rows as the encoder takes them, or None if they are of an unknown kind."""
    encoder = net.encoder
    if hasattr(encoder, "empty_rows"):
        return encoder.empty_rows(n_rows, n_steps)
    if isinstance(encoder, TextEncoder):
        texts = np.empty(n_rows, dtype=object)
        texts[:] = " ".join(["a"] * n_steps)
        return texts
    if isinstance(encoder, SequenceEncoder):
        starts = np.arange(n_rows + 1) * n_steps
        return Sequences(starts, np.zeros((starts[-1], encoder.n_channels_)))
    if isinstance(encoder, ImageEncoder):
        return np.zeros((n_rows, *net.network.config["image_shape"]), np.float32)
    if hasattr(encoder, "n_features_"):
        return np.zeros((n_rows, encoder.n_features_), np.float32)
    return None


def count_rows(X: Any, name: str = "X") -> int:
    """Count the rows of X; raise an error if it has none."""
    shape: Any = getattr(X, "shape", None)
    if shape is None:
        is_ordered = hasattr(X, "__len__") and not isinstance(X, dict | set)
        shape = (len(X),) if is_ordered else ()
    if not len(shape):
        raise DataError(
            f"{name} is {str(X)[:40]!r}, which has no rows. Expected rows like those "
            "of fit. Pass an array, a list or a frame of them."
        )
    return shape[0]


def take_rows(X: Any, rows: slice) -> Any:
    """Choose rows of an array, a list, a frame, a series or a sparse matrix."""
    if hasattr(X, "iloc"):
        return X.iloc[rows]
    if sparse.issparse(X):
        return X.tocsr()[rows]
    if isinstance(X, list | tuple) or hasattr(X, "shape"):
        return X[rows]
    array = np.asarray(X)  # anything else that NumPy can convert
    return array[rows] if array.ndim else X


def check_target(estimator: Any, X: Any, y: Any) -> None:
    """Raise an error for a missing target, or one whose length differs from X."""
    name = type(estimator).__name__
    if y is None:
        if estimator.__sklearn_tags__().target_tags.required:
            raise DataError(
                f"y is None, but {name} needs a target. Expected the targets of X. "
                "Pass them as y."
            )
        return
    n_rows, n_targets = count_rows(X), count_rows(y, "y")
    if n_rows != n_targets:
        raise DataError(
            f"X has {n_rows} rows and y has {n_targets}. Expected one target per row. "
            "Pass the y that belongs to X."
        )
