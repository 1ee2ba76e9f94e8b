"""One weight per row, from sample weights and class weights."""

from numbers import Real
from typing import Any

import numpy as np
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight

from sknn_suite.checks import list_some
from sknn_suite.exceptions import DataError


def combine_weights(
    sample_weight: np.ndarray | None,
    class_weight: dict | list | str | None,
    y: np.ndarray,
    classes: np.ndarray,
) -> np.ndarray | None:
    """Multiply the weights of rows by those of their classes.

    "balanced" counts rows by their weight, so that a weight of 2 and a repeated row
    remain the same thing.

    Parameters
    ----------
    sample_weight : ndarray of shape (n_samples,) or None
        Weights of the rows, ones if None.
    class_weight : dict, "balanced", list of dict or None
        Weights of the classes; for a multilabel y one dict per column.
    y : ndarray of shape (n_samples,) or (n_samples, n_labels)
        The labels.
    classes : ndarray of shape (n_classes,)
        All labels.

    Returns
    -------
    ndarray of shape (n_samples,) or None
        None if all weights are one.
    """
    if class_weight is None:
        return sample_weight
    if y.ndim == 2:
        by_class = compute_sample_weight(class_weight, y)
    else:
        weights = _by_class(sample_weight, class_weight, y, classes)
        by_class = weights[np.searchsorted(classes, y)]
    if not (np.isfinite(by_class).all() and (by_class >= 0).all()):
        raise ValueError(
            f"class_weight={class_weight} holds a negative or non-finite weight. "
            "Expected numbers >= 0. Change the weights."
        )
    weight = by_class if sample_weight is None else by_class * sample_weight
    if len(weight) and not weight.any():
        raise DataError(
            f"All {len(weight)} rows have the weight 0 by class_weight={class_weight} "
            "and sample_weight. Expected at least one row that counts. Pass rows of a "
            "class that has a weight, or change class_weight."
        )
    return weight


def settle_class_weight(
    sample_weight: np.ndarray | None,
    class_weight: dict | list | str | None,
    y: np.ndarray,
    classes: np.ndarray,
) -> dict | list | None:
    """Weights that `combine_weights` gives to classes, for rows other than `y`.

    The parameters are those of `combine_weights`. The training rows decide what
    "balanced" means, and validation rows get the same weights.

    Returns
    -------
    dict, list of dict or None
        Pass it as `class_weight`.
    """
    if class_weight is None:
        return None
    if y.ndim == 1:
        weights = _by_class(sample_weight, class_weight, y, classes)
        return dict(zip(classes.tolist(), weights.tolist()))
    settled = []
    for k, column in enumerate(y.T):
        wanted = class_weight if isinstance(class_weight, str) else class_weight[k]
        seen = np.unique(column)
        weights = compute_class_weight(wanted, classes=seen, y=column)
        settled.append({0: 1.0, 1: 1.0} | dict(zip(seen.tolist(), weights.tolist())))
    return settled


def _by_class(
    sample_weight: np.ndarray | None,
    class_weight: dict | list | str,
    y: np.ndarray,
    classes: np.ndarray,
) -> np.ndarray:
    """Weight of each of `classes`; 1 for those that `y` lacks."""
    counted = y if sample_weight is None else y[sample_weight > 0]
    present = np.isin(classes, counted)
    _refuse_class_weight(class_weight, classes)
    if isinstance(class_weight, dict):  # partial_fit may not see all classes
        absent = set(classes[~present].tolist())
        class_weight = {k: w for k, w in class_weight.items() if k not in absent}
    weights = np.ones(len(classes))
    weights[present] = compute_class_weight(
        class_weight,
        classes=classes[present],
        y=counted,
        sample_weight=None
        if sample_weight is None
        else sample_weight[sample_weight > 0],
    )
    return weights


def _refuse_class_weight(class_weight: Any, classes: np.ndarray) -> None:
    """Refuse wrong class weights for a y with one label per row."""
    if isinstance(class_weight, str):
        return
    if not isinstance(class_weight, dict):
        raise ValueError(
            f"class_weight={class_weight!r} is a list, which is for a multilabel y, "
            "one dict per column. Expected a dict for labels. Pass "
            "{label: weight, ...}."
        )
    known = set(classes.tolist())
    unknown = [label for label in class_weight if label not in known]
    if unknown and not known <= class_weight.keys():  # as scikit-learn judges
        raise ValueError(
            f"class_weight names {list_some(unknown)}, but such classes are not in y, "
            f"where the classes are {list_some(classes)}. Expected labels as they are "
            "in y. Change the keys of class_weight."
        )
    for label, weight in class_weight.items():
        if not isinstance(weight, Real):
            raise ValueError(
                f"class_weight gives {label!r} the weight {weight!r}. Expected a "
                "number >= 0. Change it."
            )
