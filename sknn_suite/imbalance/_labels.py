"""Labels: y as one label per row, and rows of y in the user's own type."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from imblearn.utils import check_target_type
from sklearn.utils import check_array, check_consistent_length
from sklearn.utils.multiclass import check_classification_targets

from sknn_suite.doors import rows_of, to_numpy
from sknn_suite.exceptions import DataError


@dataclass(frozen=True)
class Labels:
    """The target of a sampler.

    Parameters
    ----------
    y : array-like
        What the user passed: labels, a column of them, or one-hot rows.
    values : ndarray of shape (n_samples,)
        One label per row.
    classes : ndarray of shape (n_classes,)
        The labels, sorted.
    codes : ndarray of shape (n_samples,)
        Place of each row's label among the classes.
    """

    y: Any
    values: np.ndarray
    classes: np.ndarray
    codes: np.ndarray

    @classmethod
    def read(cls, sampler: Any, X: Any, y: Any) -> "Labels":
        """Check y; errors and types are those of imbalanced-learn.

        Raises
        ------
        DataError
            If y has a single class.
        ValueError
            If y is no target of a classifier, or has several labels per row.
        """
        name = type(sampler).__name__
        if y is None:
            raise ValueError(
                f"{name} requires y to be passed, but the target y is None. Expected "
                "one label per row. Pass y."
            )
        y, _ = to_numpy(y)
        array = check_array(
            y, ensure_2d=False, dtype=None, input_name="y", estimator=sampler
        )
        check_classification_targets(array)
        values = check_target_type(array)
        check_consistent_length(X, values)
        classes, codes = np.unique(values, return_inverse=True)
        if len(classes) < 2:
            raise DataError(
                f"y has 1 class: {classes[0].item()!r}. {name} expects two or more, "
                "since one class has no other to be balanced with. Pass rows of "
                "every class."
            )
        is_column = isinstance(y, np.ndarray) and y.ndim == 2 and y.shape[1] == 1
        return cls(values if is_column else y, values, classes, codes)

    def rows(self, index: np.ndarray) -> Any:
        """Rows of y in the type of y; those of a pandas object are counted anew."""
        return take_rows(self.y, index)

    def examples(self, values: np.ndarray) -> np.ndarray:
        """Find a row for each of `values` that has this label."""
        _, first = np.unique(self.codes, return_index=True)
        return first[np.searchsorted(self.classes, values)]


def take_rows(container: Any, index: np.ndarray) -> Any:
    """Rows of an array, frame, sparse matrix or list, by number."""
    rows = rows_of(container, index)
    reset = getattr(rows, "reset_index", None)  # of pandas, whose index would repeat
    return rows if reset is None else reset(drop=True)
