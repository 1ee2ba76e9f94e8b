"""Findings about y: the scale of numbers, rare classes."""

import numpy as np
from sklearn.metrics import r2_score

from sknn_suite.inspection._evidence import Evidence
from sknn_suite.inspection._finding import Finding, percent

# A target further from zero, or narrower, than this is not of unit scale.
LARGE_TARGET, SMALL_TARGET = 10.0, 0.01
# A fit that explains more than this share of the variance has coped with the scale.
COPED = 0.9

# A class with less than this share of the most frequent class is rare.
RARE = 0.1


def find_in_target(evidence: Evidence) -> list[Finding]:
    """Find what is wrong with the target."""
    if evidence.is_regressor:
        return _find_scale(evidence)
    if evidence.is_classifier:
        return _find_rare_classes(evidence)
    return []


def _find_scale(evidence: Evidence) -> list[Finding]:
    estimator = evidence.estimator
    # A Poisson loss has its own scale, the logarithm's.
    if getattr(estimator, "scale_target", False) or estimator.loss == "poisson":
        return []
    y = evidence.targets.astype(np.float64).reshape(len(evidence.targets), -1)
    center, width = np.abs(y.mean(axis=0)), y.std(axis=0)
    is_far = np.maximum(center, width) > LARGE_TARGET
    is_far |= (width < SMALL_TARGET) & (width > 0)
    if not is_far.any():
        return []
    worst = int(np.argmax(np.where(is_far, np.maximum(center, width), -1)))
    predicted = np.asarray(estimator.predict(evidence.some_X), np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        finite = np.isfinite(predicted).all()
        if finite and len(y) > 1 and r2_score(y, predicted.reshape(y.shape)) > COPED:
            return []
    sentence = (
        f"The target has mean {y[:, worst].mean():.2g} and standard deviation "
        f"{width[worst]:.2g}, where a network expects about 0 and 1; scale it, for "
        "example with TransformedTargetRegressor(model, transformer=StandardScaler())."
    )
    return [Finding("target scale", sentence)]


def _find_rare_classes(evidence: Evidence) -> list[Finding]:
    estimator = evidence.estimator
    if estimator.class_weight is not None or estimator.loss == "focal":
        return []
    labels, counts = np.unique(evidence.all_targets, return_counts=True)
    rarest = int(counts.argmin())
    if len(labels) < 2 or counts[rarest] >= RARE * counts.max():
        return []
    share = percent_of_few(counts[rarest] / counts.sum())
    sentence = (
        f"Only {share} of the rows are of class {labels[rarest]!s}; set "
        "class_weight='balanced' or tune the threshold, and "
        "score by average precision or balanced accuracy."
    )
    return [Finding("imbalance", sentence)]


def percent_of_few(share: float) -> str:
    """Write a small share in percent, with a digit after the point."""
    return percent(share) if share >= 0.0095 else f"{100 * share:.2g} %"
