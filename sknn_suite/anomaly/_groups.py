"""Groups of features, such as the one-hot columns of one original column."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


def membership(groups: Any, names: Sequence[str] | None, n_features: int) -> np.ndarray:
    """Make the matrix that sums features by group.

    Parameters
    ----------
    groups : mapping, transformer or array-like
        See `ScoringHalf.feature_scores`.
    names : sequence of str or None
        Names of the features, if the detector knows them.
    n_features : int
        Number of features.

    Returns
    -------
    ndarray of shape (n_features, n_groups)
        1 where a feature is in a group.

    Examples
    --------
    >>> from sknn_suite.anomaly._groups import membership
    >>> membership({"a": [0, 2], "b": [1]}, None, 3).tolist()
    [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]
    """
    if isinstance(groups, Mapping):
        labels = _of_mapping(groups, names, n_features)
        order = list(groups)
    elif hasattr(groups, "get_feature_names_out"):
        order = _columns_of(groups)
        labels = _of_transformer(groups, order)
    else:
        labels = list(groups)
        order = list(dict.fromkeys(labels))
    if len(labels) != n_features:
        raise ValueError(
            f"groups has labels for {len(labels)} features, but X has {n_features}. "
            "Expected one label per feature, or the fitted transformer that made X. "
            "Pass one of these."
        )
    place = {label: i for i, label in enumerate(order)}
    matrix = np.zeros((n_features, len(order)))
    matrix[np.arange(n_features), [place[label] for label in labels]] = 1
    return matrix


def _of_mapping(
    groups: Mapping[Any, Any], names: Sequence[str] | None, n_features: int
) -> list[Any]:
    """Label each feature by the group that lists it."""
    places: dict[Any, int] = {i: i for i in range(n_features)}
    if names is not None:
        places |= {str(name): i for i, name in enumerate(names)}
    labels: list[Any] = [None] * n_features
    seen = [False] * n_features
    for label, features in groups.items():
        for feature in [features] if isinstance(features, str | int) else features:
            i = places.get(feature)
            if i is None or seen[i]:
                what = "listed twice" if i is not None else "not a feature of X"
                raise ValueError(
                    f"groups[{label!r}] has {feature!r}, which is {what}. Expected "
                    "each feature once, by number, or by name if the detector was "
                    "fitted on a frame. Change groups."
                )
            labels[i], seen[i] = label, True
    if not all(seen):
        first = seen.index(False)
        shown = first if names is None else names[first]
        raise ValueError(
            f"Feature {shown!r} is in no group. Expected each feature in one group. "
            "Add it to groups."
        )
    return labels


def _columns_of(transformer: Any) -> list[str]:
    """Names of the columns that a transformer was fitted on."""
    names = getattr(transformer, "feature_names_in_", None)
    if names is None:
        return [f"x{i}" for i in range(transformer.n_features_in_)]
    return [str(name) for name in names]


def _of_transformer(transformer: Any, columns: list[str]) -> list[str]:
    """Name the column that each output of a transformer comes from."""
    labels = []
    for name in map(str, transformer.get_feature_names_out()):
        label = _origin(name, columns)
        if label is None:
            raise ValueError(
                f"Feature {name!r} does not have the name of a column of "
                f"{type(transformer).__name__}. Expected names such as OneHotEncoder "
                "makes: column, or column_category. Pass groups as a dict of column "
                "and features."
            )
        labels.append(label)
    return labels


def _origin(name: str, columns: list[str]) -> str | None:
    """Find the column of a feature: 'cat__city_Oslo' is of 'city'.

    ColumnTransformer puts the name of a step in front, and OneHotEncoder a category at
    the end. Both may contain underscores, and so may columns: the longest wins.
    """
    tails = [name]
    while "__" in tails[-1]:
        tails.append(tails[-1].partition("__")[2])
    for tail in tails:
        if tail in columns:
            return tail
    for tail in [*tails[1:], name]:
        found = [column for column in columns if tail.startswith(f"{column}_")]
        if found:
            return max(found, key=len)
    return None
