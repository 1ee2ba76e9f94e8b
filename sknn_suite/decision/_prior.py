"""prior_correction: probabilities for other shares of the classes."""

from typing import Any

import numpy as np
from sklearn.utils.validation import check_array

from sknn_suite.exceptions import DataError


def prior_correction(proba: Any, trained_shares: Any, true_shares: Any) -> np.ndarray:
    """Turn probabilities for one mix of classes into those for another, by Bayes' rule.

    Class weights, balanced batches, under- and oversampling train a model for a mix of
    classes that is not the true one. Its probabilities are then wrong in a known way,
    which this undoes. It is exact if rows of a class stay what they were, as with
    weights, balanced batches and undersampling, and approximate with made-up rows.

    Parameters
    ----------
    proba : array-like of shape (n_samples, n_classes)
        Probabilities as trained; rows sum to one.

    trained_shares : array-like of shape (n_classes,)
        Shares of the classes in training, or their total weights; > 0.

    true_shares : array-like of shape (n_classes,)
        True shares, or counts; > 0.

    Returns
    -------
    ndarray of shape (n_samples, n_classes)
        Probabilities for the true shares.

    See Also
    --------
    Recalibrator : Corrects any pipeline by the counts that it has used.

    References
    ----------
    Saerens, Latinne & Decaestecker, "Adjusting the Outputs of a Classifier to New a
    Priori Probabilities", Neural Computation 14, 2002, eq. 2.4.

    Examples
    --------
    A model that was trained on as many frauds as others is undecided. One payment in
    200 is a fraud:

    >>> from sknn_suite.decision import prior_correction
    >>> prior_correction([[0.5, 0.5]], [1, 1], [199, 1])
    array([[0.995, 0.005]])
    """
    proba = check_array(proba, dtype=[np.float64, np.float32], input_name="proba")
    factor = np.exp(prior_shift(trained_shares, true_shares, proba.shape[1]))
    weighed = proba * factor.astype(proba.dtype)
    return weighed / weighed.sum(axis=1, keepdims=True)


def prior_shift(trained_shares: Any, true_shares: Any, n_classes: int) -> np.ndarray:
    """Compute what the correction adds to each logarithm of a probability.

    Parameters
    ----------
    trained_shares, true_shares : array-like of shape (n_classes,)
        See `prior_correction`.
    n_classes : int
        How many classes there are.
    """
    trained = check_shares(trained_shares, n_classes, "trained_shares")
    true = check_shares(true_shares, n_classes, "true_shares")
    return np.log(true) - np.log(trained)


def check_shares(shares: Any, n_classes: int, name: str) -> np.ndarray:
    """Check shares or counts of classes; they are made to sum to one."""
    try:
        found = np.asarray(shares, dtype=np.float64)
    except (TypeError, ValueError):
        found = np.zeros(0)
    if found.shape != (n_classes,) or not (np.isfinite(found) & (found > 0)).all():
        raise DataError(
            f"{name}={shares!r} are no shares of {n_classes} classes. Expected "
            f"{n_classes} finite numbers > 0, in the order of `classes_`. Change them, "
            "or drop the class that has none."
        )
    return found / found.sum()
