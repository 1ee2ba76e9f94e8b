"""Thresholds of scores, by the share of training rows below them."""

import numpy as np

from sknn_suite.anomaly._scan import FittedScores


def threshold(fitted: FittedScores, contamination: float | str) -> float:
    """Score below which a row is an outlier.

    Parameters
    ----------
    fitted : FittedScores
        Scores of the training rows.
    contamination : float or "auto"
        Share of the rows that are outliers.
    """
    if isinstance(contamination, str):
        return fitted.auto_offset
    assert fitted.smallest is not None  # kept when the scores were learnt
    return _at_share(*fitted.smallest, contamination)


def keep_smallest(
    scores: np.ndarray, weight: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, float]:
    """Keep the lower half of the scores, from which any threshold can be computed."""
    weight = np.ones(len(scores)) if weight is None else weight
    order = np.argsort(scores, kind="stable")
    until = np.cumsum(weight[order])
    n_kept = int(np.searchsorted(until, 0.5 * until[-1], "right")) + 2
    kept = order[:n_kept]
    return scores[kept], weight[kept], float(until[-1])


def _at_share(
    scores: np.ndarray, weight: np.ndarray, total: float, contamination: float
) -> float:
    """Threshold that has a share of the weight below it, as nearly as ties allow.

    It is midway between two scores, so a score that is rounded differently stays on its
    side.
    """
    values, index = np.unique(scores, return_inverse=True)
    until = np.cumsum(np.bincount(index, weights=weight))
    wanted = contamination * total
    n_below = int(np.searchsorted(until, wanted - 1e-12 * total)) + 1
    before = until[n_below - 2] if n_below > 1 else 0.0
    if until[min(n_below, len(until)) - 1] - wanted > wanted - before + 1e-12 * total:
        n_below -= 1
    if n_below == 0:
        return float(np.nextafter(values[0], -np.inf))
    if n_below >= len(values):
        return float(np.nextafter(values[-1], np.inf))
    return float((values[n_below - 1] + values[n_below]) / 2)
