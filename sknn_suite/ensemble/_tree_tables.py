"""TreeTables: trees as arrays that can be checked, kept in files, and evaluated."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sknn_suite.doors import tree_parts

# What a node has: how to go on, or the value of a leaf.
FIELDS = {
    "feature_idx": np.int32,
    "num_threshold": np.float64,
    "missing_go_to_left": np.uint8,
    "left": np.uint32,
    "right": np.uint32,
    "is_leaf": np.uint8,
    "value": np.float64,
    "is_categorical": np.uint8,
    "bitset_idx": np.uint32,
}

# 32-bit words in which the 256 possible categories of a column are marked.
WORDS = 8


@dataclass(frozen=True)
class TreeTables:
    """Sums of trees, one sum per output.

    Parameters
    ----------
    nodes : dict of str to ndarray of shape (n_nodes,)
        The nodes of all trees, one after the other, see `FIELDS`. Children are counted
        from the first node of their tree, and come after their parent.
    starts : ndarray of int64, of shape (n_trees + 1,)
        First node of each tree, and the number of nodes.
    outputs : ndarray of int64, of shape (n_trees,)
        The output that each tree adds to.
    baseline : ndarray of shape (n_outputs,)
        What the sums start from.
    lefts : ndarray of uint32, of shape (n_splits, 8)
        Categories that go left, one bit each, for splits by category.
    categories : list of ndarray
        Values of the first columns, which are categories, in ascending order. Other
        values are missing ones.
    n_features : int
        Number of columns.
    """

    nodes: dict[str, np.ndarray]
    starts: np.ndarray
    outputs: np.ndarray
    baseline: np.ndarray
    lefts: np.ndarray
    categories: list[np.ndarray]
    n_features: int

    def verify(self) -> None:
        """Refuse trees that would read what is not theirs, or never end.

        Raises
        ------
        ValueError
            If a node points elsewhere than to later nodes of its tree, or to a column
            or category that is none.
        """
        n_nodes, starts = len(self.nodes["left"]), self.starts
        _refuse(any(len(part) != n_nodes for part in self.nodes.values()), "nodes")
        _refuse(len(starts) != len(self.outputs) + 1, "trees")
        right = starts[0] == 0 and starts[-1] == n_nodes and (np.diff(starts) > 0).all()
        _refuse(not right, "trees")
        outputs = self.outputs
        right = (outputs >= 0).all() and (outputs < len(self.baseline)).all()
        _refuse(not right, "outputs")
        n_categories = len(self.categories)
        _refuse(n_categories > self.n_features, "columns")
        _refuse(any(len(values) > 256 for values in self.categories), "categories")
        sizes = np.repeat(np.diff(starts), np.diff(starts))
        places = np.arange(n_nodes) - np.repeat(starts[:-1], np.diff(starts))
        inner = self.nodes["is_leaf"] == 0
        for side in ("left", "right"):
            child = self.nodes[side].astype(np.int64)[inner]
            right = (child > places[inner]).all() and (child < sizes[inner]).all()
            _refuse(not right, "children")
        feature = self.nodes["feature_idx"][inner]
        right = (feature >= 0).all() and (feature < self.n_features).all()
        _refuse(not right, "columns")
        by_category = inner & (self.nodes["is_categorical"] != 0)
        feature = self.nodes["feature_idx"][by_category]
        _refuse((feature >= n_categories).any(), "categories")
        found = self.nodes["bitset_idx"][by_category]
        _refuse((found >= len(self.lefts)).any(), "categories")

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Add up the trees, (n_samples, n_outputs).

        Parameters
        ----------
        X : ndarray of float64, of shape (n_samples, n_features)
            The rows, NaN where something is missing.
        """
        X = np.array(X, dtype=np.float64, order="C")
        for j, values in enumerate(self.categories):
            place = np.minimum(np.searchsorted(values, X[:, j]), len(values) - 1)
            X[:, j] = np.where(values[place] == X[:, j], place, np.nan)
        known = np.zeros((len(self.categories), WORDS), dtype=np.uint32)
        for j, values in enumerate(self.categories):
            for code in range(len(values)):
                known[j, code // 32] |= np.uint32(1 << (code % 32))
        of_column = np.arange(self.n_features, dtype=np.uint32)
        sums = np.tile(self.baseline, (len(X), 1)).astype(np.float64)
        empty = np.zeros((0, WORDS), dtype=np.uint32)
        node_type, tree_type = tree_parts()
        for begin, end, output in zip(self.starts, self.starts[1:], self.outputs):
            nodes = np.zeros(end - begin, dtype=node_type)
            for name, values in self.nodes.items():
                nodes[name] = values[begin:end]
            tree = tree_type(nodes, empty, self.lefts)
            sums[:, output] += tree.predict(X, known, of_column, 1)
        return sums


def _refuse(condition: Any, what: str) -> None:
    if condition:
        raise ValueError(f"its trees have impossible {what}")


def tables_of_boosting(model: Any, n_categories: int) -> TreeTables:
    """Take the trees out of scikit-learn's fitted HistGradientBoosting.

    Parameters
    ----------
    model : estimator
        A HistGradientBoostingClassifier or -Regressor.
    n_categories : int
        Number of columns, from the first, that are categories.
    """
    trees, outputs, lefts, n_lefts = [], [], [], 0
    for group in model._predictors:
        for output, tree in enumerate(group):
            nodes = tree.nodes.copy()
            nodes["bitset_idx"] += n_lefts
            n_lefts += len(tree.raw_left_cat_bitsets)
            lefts.append(tree.raw_left_cat_bitsets)
            trees.append(nodes)
            outputs.append(output)
    categories = []
    if n_categories:
        encoder = model._preprocessor.named_transformers_["encoder"]
        categories = [_known(values) for values in encoder.categories_]
    return TreeTables(
        nodes={n: _join(trees, n, dtype) for n, dtype in FIELDS.items()},
        starts=np.cumsum([0, *map(len, trees)], dtype=np.int64),
        outputs=np.array(outputs, dtype=np.int64),
        baseline=np.ravel(model._baseline_prediction).astype(np.float64),
        lefts=np.concatenate([np.zeros((0, WORDS), np.uint32), *lefts]),
        categories=categories,
        n_features=int(model.n_features_in_),
    )


def _known(values: Any) -> np.ndarray:
    found = np.asarray(values, dtype=np.float64)
    return found[~np.isnan(found)]


def _join(trees: list[np.ndarray], name: str, dtype: Any) -> np.ndarray:
    return np.concatenate([tree[name] for tree in trees]).astype(dtype)


def tables_of_forest(model: Any, is_label: bool) -> TreeTables:
    """Take the trees out of a fitted forest of scikit-learn; the sums are its means.

    Parameters
    ----------
    model : estimator
        A forest, fitted on rows of float32.
    is_label : bool
        Whether there is an output for each class but the first.
    """
    parts: dict[str, list[np.ndarray]] = {name: [] for name in FIELDS}
    sizes, outputs = [0], []
    n_trees = len(model.estimators_)
    for estimator in model.estimators_:
        tree = estimator.tree_
        values = tree.value[:, 0, :]
        columns = range(1, values.shape[1]) if is_label else range(1)
        left, right = tree.children_left, tree.children_right
        is_leaf = left < 0
        for output, column in enumerate(columns):
            found = {
                "feature_idx": np.where(is_leaf, 0, tree.feature),
                "num_threshold": np.where(is_leaf, 0.0, tree.threshold),
                "missing_go_to_left": tree.missing_go_to_left,
                "left": np.where(is_leaf, 0, left),
                "right": np.where(is_leaf, 0, right),
                "is_leaf": is_leaf,
                "value": values[:, column] / n_trees,
                "is_categorical": np.zeros(len(left)),
                "bitset_idx": np.zeros(len(left)),
            }
            for name, dtype in FIELDS.items():
                parts[name].append(found[name].astype(dtype))
            sizes.append(len(left))
            outputs.append(output)
    return TreeTables(
        nodes={name: np.concatenate(found) for name, found in parts.items()},
        starts=np.cumsum(sizes, dtype=np.int64),
        outputs=np.array(outputs, dtype=np.int64),
        baseline=np.zeros(max(outputs) + 1),
        lefts=np.zeros((0, WORDS), np.uint32),
        categories=[],
        n_features=int(model.n_features_in_),
    )
