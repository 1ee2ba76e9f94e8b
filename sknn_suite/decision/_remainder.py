"""What is left of a prior shift: corrected probabilities against rows left out."""

from typing import Any

import numpy as np
from scipy.special import softmax

# Fewest rows of a class whose spread is trusted: the square of a t statistic with nu
# degrees of freedom is nu / (nu - 2) on average, which needs nu > 2.
FEWEST_ROWS = 4

MOST_STEPS, LARGEST_STEP = 100, 2.0


def remaining_shift(
    log_scores: np.ndarray, codes: np.ndarray, weight: Any, shares: np.ndarray
) -> np.ndarray:
    """Estimate what, added to log-scores, makes probabilities right on average.

    Bayes' rule takes the weights of classes out of the probabilities of a network that
    has learnt the weighted classes exactly. A network that has not, because it stopped
    early, is small, or knows its rare rows by heart, is off by a constant even so. Rows
    left out show it: over classes of the true shares, the mean probability of each
    class should be its share. The shares are known from all rows, so that these rows
    need tell only how probable their class is within each class, and the estimate is
    far steadier than a fit of intercepts. It is drawn to zero by its standard error:
    what chance would explain is not corrected.

    Parameters
    ----------
    log_scores : ndarray of shape (n_samples, n_classes)
        Logarithms of probabilities, up to a constant per row.
    codes : ndarray of shape (n_samples,)
        Class of each row.
    weight : ndarray of shape (n_samples,) or None
        Weights of the rows.
    shares : ndarray of shape (n_classes,)
        True shares of the classes.

    Returns
    -------
    ndarray of shape (n_classes,)
        With a mean of zero; all zeros if the rows cannot tell.

    See Also
    --------
    prior_correction : Bayes' rule.

    Examples
    --------
    A model says 1 in 10 of a class that is 1 in 100, whatever the row:

    >>> import numpy as np
    >>> from sknn_suite.decision import remaining_shift
    >>> noise = np.random.RandomState(0).normal(0, 0.1, 10_000)
    >>> scores = np.column_stack([noise, np.full(10_000, np.log(1 / 9))])
    >>> codes = np.arange(10_000) % 100 // 99
    >>> shift = remaining_shift(scores, codes, None, np.array([0.99, 0.01]))
    >>> bool(abs(shift[1] - shift[0] + np.log(11)) < 0.02)
    True
    """
    n_classes = len(shares)
    weight = np.ones(len(codes)) if weight is None else np.asarray(weight, float)
    counts = np.bincount(codes[weight > 0], minlength=n_classes)
    nothing = np.zeros(n_classes)
    if counts.min() < FEWEST_ROWS or not np.isfinite(log_scores).all():
        return nothing
    totals = np.bincount(codes, weight, minlength=n_classes)
    per_row = weight / totals[codes]  # sums to one in each class
    shift = np.zeros(n_classes - 1)  # of all classes but the first
    for _ in range(MOST_STEPS):
        proba, lacking, slope = _balance(log_scores, shift, codes, per_row, shares)
        step = np.linalg.pinv(slope, rcond=1e-10, hermitian=True) @ lacking
        largest = np.abs(step).max()
        if largest < 1e-9:
            break
        shift = shift + step * min(1, LARGEST_STEP / largest)
    else:
        return nothing
    # How far chance moves the mean probabilities within classes.
    spread = np.zeros_like(slope)
    for k in range(n_classes):
        own, at = per_row[codes == k], proba[codes == k]
        away = (at - own @ at) * own[:, None] * shares[k]
        spread += away.T @ away * counts[k] / (counts[k] - 1)
    moved = slope @ shift
    distance = float(
        moved @ np.linalg.pinv(spread, rcond=1e-10, hermitian=True) @ moved
    )
    nu = counts.min() - 1
    by_chance = (n_classes - 1) * nu / (nu - 2)
    if not distance > by_chance:
        return nothing
    found = np.r_[0.0, shift * (1 - by_chance / distance)]
    return found - found.mean()


def _balance(
    log_scores: np.ndarray,
    shift: np.ndarray,
    codes: np.ndarray,
    per_row: np.ndarray,
    shares: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shifted probabilities of all classes but the first.

    Beside them: how much their means lack, and how fast the means rise with the shift.
    """
    proba = softmax(log_scores + np.r_[0.0, shift], axis=1)[:, 1:]
    weight = per_row * shares[codes]
    mean = weight @ proba
    slope = np.diag(mean) - (proba * weight[:, None]).T @ proba
    return proba, shares[1:] - mean, slope
