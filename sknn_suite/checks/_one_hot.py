"""Warn of classes that were written as a one-hot matrix."""

import numpy as np

from sknn_suite.doors import warn_user
from sknn_suite.exceptions import SuiteWarning


def warn_of_one_hot(y: np.ndarray) -> None:
    """Warn if each row of a 0/1 matrix has exactly one label, as in Keras.

    Its columns are learnt as labels that do not depend on each other, as in
    scikit-learn, and worse than classes that exclude each other.
    """
    is_one_hot = y.shape[1] > 2 and (y.sum(axis=1) == 1).all() and y.any(axis=0).all()
    if is_one_hot:
        warn_user(
            f"y is a matrix of {y.shape[1]} columns in which each row has exactly one "
            "label. Its columns are learnt as separate labels, as in scikit-learn, so "
            "that a row may get several labels or none. If they are classes, pass them "
            "as labels: y.argmax(axis=1).",
            SuiteWarning,
        )
