"""What a diagnosis looks at: an estimator, and rows as numbers."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse

from sknn_suite.checks import Sequences
from sknn_suite.doors import to_numpy
from sknn_suite.encoding import ScaledTable, TableEncoder
from sknn_suite.inspection._module import check_rows

# Tables with more numbers than this are not made dense.
MOST_NUMBERS = 20_000_000


@dataclass(frozen=True)
class Evidence:
    """A fitted estimator, and rows like its training rows.

    Parameters
    ----------
    estimator : NeuralEstimator
        The estimator.
    X, y : object
        All rows and targets, as the user gave them.
    some_X, some_y : object
        Those of evenly spaced rows.
    names : sequence of str, default=None
        Names of the columns of X, where X itself has none.
    is_resampled : bool, default=False
        Whether a sampler before the estimator has changed the rows of fit.
    """

    estimator: Any
    X: Any
    y: Any
    some_X: Any
    some_y: Any
    names: Any = None
    is_resampled: bool = False

    @property
    def is_classifier(self) -> bool:
        """Whether it predicts one label per row."""
        target = self.estimator._net.target
        return getattr(target, "kind_", None) in ("binary", "multiclass")

    @property
    def is_regressor(self) -> bool:
        """Whether it predicts numbers."""
        return self.estimator._net.target is not None and not hasattr(
            self.estimator, "classes_"
        )

    @cached_property
    def checked(self) -> Any:
        """All rows, as the encoder takes them."""
        return check_rows(self.estimator, self.X)

    @cached_property
    def some(self) -> Any:
        """Evenly spaced rows, as the encoder takes them."""
        return check_rows(self.estimator, self.some_X)

    @property
    def columns(self) -> np.ndarray | None:
        """Evenly spaced rows as a table, or their steps; None for other rows."""
        return columns_of(self.some)

    @property
    def all_columns(self) -> np.ndarray | None:
        """Give all rows as a table, or their steps; None for other rows."""
        return columns_of(self.checked)

    @property
    def scales_inside(self) -> bool:
        """Whether columns are scaled by the estimator itself."""
        encoder = self.estimator._net.encoder
        if isinstance(encoder, TableEncoder):
            return False
        return getattr(self.estimator, "scaling", "auto") is not None

    @property
    def is_table(self) -> bool:
        """Whether rows are a table of numbers, whose columns mean something each."""
        return isinstance(self.estimator._net.encoder, TableEncoder | ScaledTable)

    def name_of_column(self, number: int) -> str:
        """Name of a column, or its number."""
        names = self.names
        if names is None:
            names = getattr(self.estimator, "feature_names_in_", None)
        if names is None or len(names) <= number or not self.is_table:
            return str(number)
        return f"'{names[number]}'"

    @cached_property
    def all_targets(self) -> np.ndarray:
        """Give the targets of all rows."""
        return np.asarray(to_numpy(self.y)[0])

    @cached_property
    def targets(self) -> np.ndarray:
        """Targets of evenly spaced rows."""
        return np.asarray(to_numpy(self.some_y)[0])

    @cached_property
    def probabilities(self) -> np.ndarray:
        """Class probabilities of evenly spaced rows."""
        return np.asarray(to_numpy(self.estimator.predict_proba(self.some_X))[0])


def columns_of(rows: Any) -> np.ndarray | None:
    """Give checked rows as a table; None for texts, images and large ones."""
    if isinstance(rows, Sequences):
        rows = rows.values
    is_numeric = getattr(rows, "dtype", np.dtype(object)).kind in "fiub"
    if not is_numeric or len(rows.shape) != 2 or np.prod(rows.shape) > MOST_NUMBERS:
        return None
    if sparse.issparse(rows):
        rows = rows.toarray()
    return np.asarray(rows, np.float64)
