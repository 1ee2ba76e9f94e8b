"""Checks of tables, targets, weights and groups, and of sizes per layer."""

from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    check_array,
    check_consistent_length,
    column_or_1d,
    validate_data,
)

from sknn_suite.checks._sparse import check_indices
from sknn_suite.checks._words import words_named
from sknn_suite.doors import check_n_features, check_sample_weight, to_numpy
from sknn_suite.exceptions import DataError

_TABLE: dict[str, Any] = {
    "accept_sparse": "csr",
    "dtype": (np.float64, np.float32),
    "order": "C",
}


def check_table(estimator: BaseEstimator, X: Any) -> Any:
    """Check rows for predict; return C-ordered floats or CSR."""
    if type(X) is np.ndarray and not hasattr(estimator, "feature_names_in_"):
        # The same as below, but without looking for feature names, which arrays do not
        # have, and without looking for errors in a valid array. This takes half of the
        # time of a prediction of one row.
        if not _is_ready(X):
            with words_named(X):
                X = check_array(X, estimator=estimator, input_name="X", **_TABLE)
        check_n_features(estimator, X, reset=False)
        return X
    check_indices(X)
    with words_named(X):
        return validate_data(estimator, X, reset=False, **_TABLE)


def _is_ready(X: np.ndarray) -> bool:
    """Whether `check_array` would return X as it is."""
    if X.ndim != 2 or not X.size or not X.flags.c_contiguous:
        return False
    if X.dtype not in _TABLE["dtype"] or not X.dtype.isnative:
        return False
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(X.sum()))  # False if finite numbers sum to infinity


def check_dense_table(
    estimator: BaseEstimator, X: Any, *, reset: bool, min_rows: int = 1
) -> np.ndarray:
    """Check the rows of a table; return C-ordered floats, dense also if X is sparse."""
    check_indices(X)
    checks = _TABLE | {"ensure_min_samples": min_rows}
    with words_named(X):
        X = validate_data(estimator, X, reset=reset, **checks)
    return X.toarray() if sparse.issparse(X) else X


def check_table_and_target(
    estimator: BaseEstimator, X: Any, y: Any, *, reset: bool, y_numeric: bool
) -> tuple[Any, np.ndarray]:
    """Check the training rows and targets of a table.

    A column vector y is made 1-D with scikit-learn's DataConversionWarning.
    """
    y, _ = to_numpy(y)
    if not y_numeric:
        refuse_missing_labels(y)
    check_indices(X)
    check_indices(y, "y")
    how: dict[str, Any] = {"multi_output": True, "y_numeric": y_numeric, **_TABLE}
    with words_named(X):
        X, y = validate_data(estimator, X, y, reset=reset, **how)
    return X, settle_target(y, y_numeric=y_numeric)


def refuse_missing_labels(y: Any) -> None:
    """Raise an error for None, NaN and NA in lists and object arrays of labels.

    NumPy would convert a missing label in a list of words to the word "nan".
    """
    kind = getattr(getattr(y, "dtype", None), "kind", "O")
    if kind != "O" or not hasattr(y, "__iter__"):
        return
    for row, label in enumerate(y):
        is_nan = isinstance(label, float) and label != label
        if label is None or is_nan or type(label).__name__ == "NAType":
            raise DataError(
                f"Input y contains NaN: row {row} is {label}. Expected a label in "
                "every row. Remove the rows without one."
            )


def settle_target(y: Any, *, y_numeric: bool) -> np.ndarray:
    """Make a checked target dense; flatten a column vector with a warning."""
    if sparse.issparse(y):
        y = y.toarray()
    if y.ndim == 2 and y.shape[1] == 1:
        y = column_or_1d(y, warn=True)
    if not y_numeric:
        check_classification_targets(y)
    elif y.dtype.kind not in "biuf":
        y = y.astype(np.float64)  # raises for words
    return y


def check_labels(
    estimator: BaseEstimator, X: Any, y: Any, *, y_numeric: bool = False
) -> np.ndarray:
    """Check the target of rows that are no plain table; a column vector is made 1-D."""
    if y is None:
        raise ValueError(
            f"{type(estimator).__name__} requires y to be passed, but the target y is "
            "None. Expected one label per row. Pass y."
        )
    y, _ = to_numpy(y)
    if not y_numeric:
        refuse_missing_labels(y)
    dtype = "numeric" if y_numeric else None
    y = check_array(
        y, ensure_2d=False, dtype=dtype, input_name="y", estimator=estimator
    )
    y = settle_target(y, y_numeric=y_numeric)
    check_consistent_length(X, y)
    return y


def check_weights(sample_weight: Any, X: Any) -> np.ndarray | None:
    """Check weights: one finite number >= 0 per row, not all zero; None stays None."""
    if sample_weight is None:
        return None
    sample_weight, _ = to_numpy(sample_weight)
    return check_sample_weight(sample_weight, X, ensure_non_negative=True)


def check_groups(groups: Any, n_rows: int) -> np.ndarray | None:
    """Check groups: one label per row, none missing; None stays None.

    Raises
    ------
    DataError
        If there is not one label per row.
    """
    if groups is None:
        return None
    groups, _ = to_numpy(groups)
    groups = np.asarray(groups)
    if groups.ndim == 2 and groups.shape[1] == 1:
        groups = groups[:, 0]
    if groups.ndim != 1:
        raise DataError(
            f"groups has the shape {groups.shape}. Expected one label per row of X. "
            "Pass a 1-D array."
        )
    if len(groups) != n_rows:
        raise DataError(
            f"groups has {len(groups)} labels for {n_rows} rows, which is inconsistent."
            " Expected one label per row of X. Use the groups of the rows of X."
        )
    labels = groups.tolist()
    if any(label is None or label != label for label in labels):
        raise DataError(
            "groups has missing labels. Expected one label per row of X. "
            "Give rows without a group separate labels."
        )
    if groups.dtype == object and len({isinstance(label, str) for label in labels}) > 1:
        raise DataError(
            "groups mixes strings and other labels, which have no common order. "
            "Expected labels of one kind. Convert them, for example with str()."
        )
    return groups


def check_layer_sizes(
    value: Any, name: str = "hidden_layer_sizes", least: int = 0
) -> tuple[int, ...]:
    """Convert the units of hidden layers to a tuple of at least `least` ints > 0.

    Raises
    ------
    ValueError
        If any is not positive, or there are too few.
    """
    parts = value if isinstance(value, list | tuple) else ()
    if any(isinstance(part, list | tuple | str) for part in parts):
        raise ValueError(
            f"{name} must be > 0, got {value!r}. Expected one or several integers, "
            "with one activation for all layers. Pass the units of each layer, and "
            "the activation apart from them where the estimator takes one."
        )
    sizes = np.atleast_1d(np.asarray(value))
    if sizes.ndim > 1 or (
        sizes.size and (sizes.dtype.kind not in "iu" or (sizes <= 0).any())
    ):
        raise ValueError(
            f"{name} must be > 0, got {list(sizes.tolist())}. "
            "Expected one or several integers. Pass the units of each hidden layer."
        )
    if sizes.size < least:
        raise ValueError(
            f"{name}={value!r} has too few layers. Expected at least {least}. Pass the "
            "units of each layer."
        )
    return tuple(int(n) for n in sizes)


def check_per_layer(name: str, value: Any, n_layers: int) -> tuple[float, ...]:
    """Repeat a number for each layer, or check that there is one per layer."""
    if np.ndim(value) == 0:
        return (float(value),) * n_layers
    values = tuple(float(v) for v in value)
    if len(values) != n_layers:
        raise ValueError(
            f"{name} has {len(values)} values for {n_layers} hidden layers. "
            "Expected one number, or one per hidden layer. "
            f"Change {name} or hidden_layer_sizes."
        )
    if not all(0 <= v < 1 for v in values):
        raise ValueError(
            f"{name} must be in the range [0.0, 1.0) in every layer, got {values}. "
            "Expected the probability that a unit is dropped. "
            "Lower the values that are too large."
        )
    return values


def check_counts(y: np.ndarray, loss: str) -> None:
    """Check that y suits a loss for counts.

    Raises
    ------
    DataError
        If any is negative.
    """
    if (y < 0).any():
        raise DataError(
            f"Some value(s) of y are out of the valid range of the loss '{loss}'. "
            f"Expected y >= 0, got a minimum of {y.min():g}. "
            "Choose another loss or transform y."
        )


def check_positive(y: np.ndarray) -> None:
    """Check that y has a logarithm.

    Raises
    ------
    DataError
        If any is zero or negative. log(1 + y) would have no such error, but it depends
        on the units of y.
    """
    if (y <= 0).any():
        raise DataError(
            f"y has {int((y <= 0).sum())} values that are zero or negative, the "
            f"smallest {y.min():g}, and scale_target='log' takes the logarithm. "
            "Expected y > 0. Choose scale_target=True, or loss='poisson' for counts."
        )
