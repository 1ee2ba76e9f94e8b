"""Checks of the labels that wrappers around classifiers get."""

from typing import Any

import numpy as np
from sklearn.utils import assert_all_finite
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import column_or_1d

from sknn_suite.exceptions import DataError


def check_labels(y: Any) -> np.ndarray:
    """Check labels of two or more classes, one per row.

    Raises
    ------
    ValueError
        If they are numbers, several per row, or all the same.
    """
    assert_all_finite(y, input_name="y")
    kind = type_of_target(y, input_name="y", raise_unknown=True)
    if kind in ("multilabel-indicator", "multiclass-multioutput"):
        raise DataError(
            f"y is of the kind {kind!r}. Expected one label per row. Tune each column "
            "by itself, or use decision_threshold of a classifier of this suite."
        )
    y = column_or_1d(y, warn=True)
    check_classification_targets(y)
    classes = np.unique(y)
    if len(classes) < 2:
        raise DataError(
            f"y has 1 class: {classes.tolist()}. Expected two or more, because there "
            "is nothing to decide. Pass rows of another class."
        )
    return y
