"""What inspection needs: the fitted module of an estimator, and rows as tensors.

Only this file knows where an estimator stores them.
"""

from typing import Any

import numpy as np
import torch
from scipy import sparse
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted
from torch import nn

from sknn_suite.checks import Sequences
from sknn_suite.data import TensorBundle, make_batches
from sknn_suite.encoding import (
    ImageEncoder,
    MixedTableEncoder,
    SequenceEncoder,
    TextEncoder,
)
from sknn_suite.estimator import Call, NeuralEstimator, plan_call
from sknn_suite.exceptions import DataError
from sknn_suite.training import ParameterGroups, TensorNet, begin


def check_ours(estimator: Any) -> None:
    """Raise an error if this is not an estimator of this package."""
    if isinstance(estimator, NeuralEstimator):
        return
    remedy = "Pass, for example, an MLPClassifier."
    if isinstance(estimator, Pipeline):
        remedy = "Pass the last step, pipeline[-1], and rows from the steps before it."
    elif isinstance(estimator, type):
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


def net_to_go_on(estimator: Any, X: Any, y: Any) -> tuple[TensorNet, TensorBundle]:
    """Build the net with which training would continue, and the rows as a bundle."""
    plan = plan_call(estimator, Call(X, y, resume=True, n_epochs=1)).plan
    if isinstance(plan.settings.learning_rate_init, str):  # "auto": the fit found one
        plan = plan.change(learning_rate_init=estimator.learning_rate_)
    net = begin(plan)
    return net, net.batches_.bundle


def usual_rate(estimator: Any) -> float | None:
    """Mean rate of a schedule that has ended, because its last steps are tiny.

    None means the rate with which training would continue.
    """
    now = _recipe(estimator)["learning_rate"]
    goes_on = _recipe(estimator, partial=True)["learning_rate"] == now
    rates = [row.get("learning_rate") for row in estimator.history_]
    if goes_on or not rates or None in rates:
        return None
    return sum(rates) / len(rates)


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


def made_up_rows(estimator: Any, n_rows: int, n_steps: int) -> Any:
    """Artificial empty rows, as the estimator's encoder takes them."""
    encoder = estimator._net.encoder
    if isinstance(encoder, TextEncoder):
        texts = np.empty(n_rows, dtype=object)
        texts[:] = " ".join(["a"] * n_steps)
        return texts
    if isinstance(encoder, SequenceEncoder):
        starts = np.arange(n_rows + 1) * n_steps
        return Sequences(starts, np.zeros((starts[-1], encoder.n_channels_)))
    if isinstance(encoder, MixedTableEncoder):
        return encoder.rows_of_gaps(n_rows)
    if isinstance(encoder, ImageEncoder):
        return np.zeros(
            (n_rows, *estimator._net.network.config["image_shape"]), np.float32
        )
    return np.zeros((n_rows, encoder.n_features_), np.float32)


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
