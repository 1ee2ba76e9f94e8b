"""One weight per row, from sample weights and class weights."""

import numpy as np
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight


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
    return by_class if sample_weight is None else by_class * sample_weight


def settle_class_weight(
    sample_weight: np.ndarray | None,
    class_weight: dict | list | str | None,
    y: np.ndarray,
    classes: np.ndarray,
) -> dict | list | None:
    """Weights that `combine_weights` gives to classes, for rows other than `y`.

    The parameters are those of `combine_weights`. What "balanced" means is then settled
    by the training rows, and validation rows are weighed by the same numbers.

    Returns
    -------
    dict, list of dict or None
        To be passed as `class_weight`.
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
