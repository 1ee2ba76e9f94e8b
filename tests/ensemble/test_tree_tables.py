"""Trees as arrays predict what scikit-learn's do, and refuse what is no tree."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)

from sknn_suite.ensemble._tree_tables import tables_of_boosting, tables_of_forest


@pytest.fixture(scope="module")
def rows():
    """Two categories, of which one value is rare, then numbers with gaps."""
    source = np.random.RandomState(0)
    X = source.normal(size=(300, 5))
    X[:, 0] = source.randint(0, 40, 300) + 2
    X[:, 1] = source.randint(0, 3, 300)
    X[source.rand(300) < 0.1, 3] = np.nan
    y = (X[:, 0] % 2 == 0) * 2 + X[:, 2] + np.nan_to_num(X[:, 3])
    return X, y


@pytest.mark.parametrize("n_classes", [0, 2, 3])
def test_boosted_trees_add_up_to_the_same(rows, n_classes):
    X, y = rows
    settings = {"max_iter": 8, "categorical_features": [0, 1], "random_state": 0}
    if n_classes:
        codes = np.digitize(y, np.quantile(y, np.arange(1, n_classes) / n_classes))
        model = HistGradientBoostingClassifier(**settings).fit(X[:200], codes[:200])
    else:
        model = HistGradientBoostingRegressor(**settings).fit(X[:200], y[:200])
    tables = tables_of_boosting(model, 2)
    tables.verify()
    new = X[100:].copy()
    new[:20, 0] = 99  # a category that training has not seen
    expected = model._raw_predict(new)
    np.testing.assert_array_equal(tables.predict(new), expected)


@pytest.mark.parametrize("is_label", [True, False])
def test_forests_have_the_same_means(rows, is_label):
    X, y = rows
    X = X.astype(np.float32)
    if is_label:
        codes = np.digitize(y, [0, 2])
        forest = ExtraTreesClassifier(10, random_state=0).fit(X[:200], codes[:200])
        expected = forest.predict_proba(X)[:, 1:]
    else:
        forest = ExtraTreesRegressor(10, random_state=0).fit(X[:200], y[:200])
        expected = forest.predict(X)[:, None]
    tables = tables_of_forest(forest, is_label)
    tables.verify()
    np.testing.assert_allclose(tables.predict(X), expected, rtol=1e-12, atol=1e-12)


def break_loop(tables):
    left = tables.nodes["left"].copy()
    left[np.flatnonzero(tables.nodes["is_leaf"] == 0)[0]] = 0
    return replace(tables, nodes=tables.nodes | {"left": left})


def break_end(tables):
    right = tables.nodes["right"].copy()
    right[0] = 10_000
    return replace(tables, nodes=tables.nodes | {"right": right})


def break_column(tables):
    return replace(tables, n_features=2)


def break_output(tables):
    return replace(tables, outputs=tables.outputs + 1)


def break_categories(tables):
    return replace(tables, lefts=tables.lefts[:0])


@pytest.mark.parametrize(
    "change", [break_loop, break_end, break_column, break_output, break_categories]
)
def test_what_is_no_tree_is_refused(rows, change):
    X, y = rows
    model = HistGradientBoostingRegressor(
        max_iter=8, categorical_features=[0, 1], random_state=0
    ).fit(X, y)
    with pytest.raises(ValueError, match="impossible"):
        change(tables_of_boosting(model, 2)).verify()
