"""Where the usual values of a number of rows lie."""

import numpy as np

from sknn_suite.encoding import weighted_quantiles

# Robust deviations above the median at which a score is far from the others.
FAR_OFF = 3.0


def center_and_scale(
    values: np.ndarray, weight: np.ndarray | None
) -> tuple[float, float]:
    """Median, and a deviation from the quartiles that is never zero."""
    low, middle, high = (
        float(q[0])
        for q in weighted_quantiles(values[:, None], weight, (0.25, 0.5, 0.75))
    )
    floor = max(1e-3 * deviation(values, weight), 1e-6)
    return middle, max((high - low) / 1.349, floor)


def deviation(values: np.ndarray, weight: np.ndarray | None) -> float:
    """Compute the standard deviation of weighted values."""
    mean = np.average(values, weights=weight)
    return float(np.sqrt(np.average((values - mean) ** 2, weights=weight)))


def far_off(scores: np.ndarray, weight: np.ndarray | None) -> float:
    """Score beyond which a row is far from the others.

    Scores are skewed, so their upper half sets the scale.
    """
    middle, high = (
        float(q[0]) for q in weighted_quantiles(scores[:, None], weight, (0.5, 0.75))
    )
    _, scale = center_and_scale(scores, weight)
    return middle + FAR_OFF * max((high - middle) / 0.6745, scale)
