"""Classes that are too small for the neighbours that a sampler looks for."""

from numbers import Integral
from typing import Any

import numpy as np

from sknn_suite.exceptions import DataError
from sknn_suite.imbalance._labels import Labels

# Where samplers of imbalanced-learn keep the number of neighbours in a class.
NAMES = ("k_neighbors", "smote__k_neighbors")

# What SMOTE inside SMOTEENN and SMOTETomek takes by default.
USUAL = 5


def refuse_few(sampler: Any, labels: Labels, wanted: dict) -> None:
    """Check that classes to be enlarged have more rows than a row has neighbours.

    Parameters
    ----------
    sampler : sampler
        The sampler; one without such a parameter passes.
    labels : Labels
        The labels.
    wanted : dict
        Rows to make, by label.
    """
    given = sampler.get_params()
    if given.get("smote", 0) is None:
        given["smote__k_neighbors"] = USUAL
    for name in NAMES:
        if isinstance(given.get(name), Integral):
            counts = np.bincount(labels.codes)
            refuse_few_rows(labels.classes, counts, wanted, name, given[name])


def refuse_few_rows(
    classes: np.ndarray, counts: np.ndarray, wanted: dict, name: str, k: int
) -> None:
    """Check counts of rows against the parameter `name`, a number of neighbours.

    Raises
    ------
    DataError
        If a class is too small.
    """
    for label, count in zip(classes.tolist(), counts.tolist()):
        if wanted.get(label, 0) == 0 or count > k:
            continue
        way = "Add rows of this class, or copy rows with RandomOverSampler."
        if count > 1:
            way = f"Set {name}={count - 1}, or copy rows with RandomOverSampler."
        raise DataError(
            f"The class {label!r} has {count} row(s), and {name}={k}. Expected at "
            f"least {k + 1} rows: a row and its neighbours. {way}"
        )
