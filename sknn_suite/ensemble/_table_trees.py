"""TableTrees: boosted trees or a forest on mixed tables, within a time limit."""

from contextlib import nullcontext
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.utils.extmath import softmax

from sknn_suite.data import ColumnTable
from sknn_suite.device import one_thread
from sknn_suite.ensemble._clock import Clock
from sknn_suite.ensemble._mixed_codes import MixedCodes
from sknn_suite.ensemble._tree_tables import (
    TreeTables,
    tables_of_boosting,
    tables_of_forest,
)

# Trees of the first step; each later one has at most as many as there are.
FIRST_TREES = 10

# From so many rows on a part of them says when boosting ends.
ROWS_TO_STOP = 5_000

# Leaves of a forest: with more rows, leaves are larger, so that files stay small.
MOST_LEAVES = 2_000

# With fewer cells, boosting within a time limit takes one thread: others gain little,
# and if the machine gets busy, it would wait for them many times as long as it works.
CELLS_FOR_THREADS = 2_000_000

MOST_FOREST, MOST_BOOSTING_SMALL, MOST_BOOSTING = 100, 120, 1_000


class TableTrees(BaseEstimator):
    """Trees on tables of mixed columns, kept as arrays.

    Parameters
    ----------
    kind : {"boosting", "slow boosting", "forest"}
        Which trees.
    is_label : bool
        Whether y has codes of classes, from 0, rather than numbers.
    max_time : float or None
        Seconds after which no more trees are added.
    given : dict of str to str or None
        Kinds of the columns.
    random_state : int or None
        Seed.

    Attributes
    ----------
    codes_ : MixedCodes
        From columns to numbers.
    tables_ : TreeTables
        The trees.
    n_classes_ : int
        Number of classes, 0 for numbers.
    """

    codes_: MixedCodes
    tables_: TreeTables
    n_classes_: int

    def __init__(
        self,
        kind: str = "boosting",
        is_label: bool = True,
        max_time: float | None = None,
        given: dict[str, str] | None = None,
        random_state: int | None = None,
    ) -> None:
        self.kind = kind
        self.is_label = is_label
        self.max_time = max_time
        self.given = given
        self.random_state = random_state

    def fit(
        self, X: ColumnTable, y: np.ndarray, sample_weight: np.ndarray | None = None
    ) -> "TableTrees":
        """Add trees until there are enough, or time is up."""
        is_small = len(y) * len(X.columns) < CELLS_FOR_THREADS
        takes_one = is_small and self.max_time is not None
        with one_thread() if takes_one else nullcontext():
            return self._fit(X, y, sample_weight)

    def _fit(
        self, X: ColumnTable, y: np.ndarray, sample_weight: np.ndarray | None
    ) -> "TableTrees":
        clock = Clock(self.max_time)
        codes = MixedCodes("trees", self.given).fit(X, sample_weight)
        rows = codes.transform(X)
        n_categories = codes.n_categories
        model, counts, most = self._model(len(y), n_categories, rows.shape[1])
        if self.kind == "forest":
            rows = rows.astype(np.float32)
        # Boosting adds a tree for each class at a time.
        n_classes = len(np.unique(y)) if self.is_label else 1
        is_many = self.kind != "forest" and n_classes > FIRST_TREES
        wanted = max(FIRST_TREES**2 // n_classes, 1) if is_many else FIRST_TREES
        while True:
            step = Clock()
            model.set_params(**{counts: wanted})
            model.fit(rows, y, sample_weight=sample_weight)
            seconds = step.spent
            done = getattr(model, "n_iter_", wanted)
            if wanted >= most or done < wanted:
                break
            more = wanted
            if self.max_time is not None:
                pace = seconds / max(min(FIRST_TREES, wanted), wanted / 2)
                more = min(more, int(clock.left / max(pace, 1e-6)))
            if more < max(1, wanted // 10):
                break
            wanted = min(wanted + more, most)
        self.codes_ = codes
        self.n_classes_ = int(y.max()) + 1 if self.is_label else 0
        if self.kind == "forest":
            self.tables_ = tables_of_forest(model, self.is_label)
        else:
            self.tables_ = tables_of_boosting(model, n_categories)
        return self

    def _model(
        self, n_rows: int, n_categories: int, n_columns: int
    ) -> tuple[Any, str, int]:
        """Make the model, with the name and the limit of its number of trees."""
        common = {"random_state": self.random_state, "warm_start": True}
        kind: Any
        if self.kind == "forest":
            kind = ExtraTreesClassifier if self.is_label else ExtraTreesRegressor
            leaf = max(2 if self.is_label else 1, n_rows // MOST_LEAVES)
            features = "sqrt" if self.is_label else 0.5
            model = kind(min_samples_leaf=leaf, max_features=features, **common)
            return model, "n_estimators", MOST_FOREST
        kind = HistGradientBoostingRegressor
        if self.is_label:
            kind = HistGradientBoostingClassifier
        is_slow = self.kind == "slow boosting"
        stops = n_rows >= ROWS_TO_STOP
        rate = 0.08 if stops else 0.06
        settings = {
            "learning_rate": rate / 2 if is_slow else rate,
            "max_leaf_nodes": 15 if is_slow or n_rows < 1_000 else 31,
            "min_samples_leaf": 10 if n_rows < 1_000 else 20,
            "l2_regularization": 1.0,
            "max_features": 0.5 if is_slow and n_columns > 3 else 1.0,
            "early_stopping": stops,
            # At half the rate, a tree improves the score half as much.
            "n_iter_no_change": 50 if is_slow else 25,
            "categorical_features": list(range(n_categories)) or None,
        }
        most = MOST_BOOSTING if stops else MOST_BOOSTING_SMALL
        model = kind(**settings, **common)
        return model, "max_iter", most * 2 if is_slow else most

    def _sums(self, X: ColumnTable) -> np.ndarray:
        rows = self.codes_.transform(X)
        if self.kind == "forest":  # as the trees have seen them
            rows = rows.astype(np.float32)
        return self.tables_.predict(rows)

    def predict(self, X: ColumnTable) -> np.ndarray:
        """Predict numbers, or codes of classes."""
        if not self.is_label:
            return self._sums(X)[:, 0]
        return self.predict_proba(X).argmax(axis=1)

    def predict_proba(self, X: ColumnTable) -> np.ndarray:
        """Predict probabilities, (n_samples, n_classes)."""
        sums = self._sums(X)
        if self.kind == "forest":
            return np.column_stack([1 - sums.sum(axis=1), sums]).clip(0, 1)
        if self.n_classes_ == 2:
            return softmax(np.column_stack([np.zeros(len(sums)), sums[:, 0]]))
        return softmax(sums)
