"""Findings about y: the scale of numbers, rare classes."""

import numpy as np

from sknn_suite.checks import blame_target_scale
from sknn_suite.inspection._evidence import Evidence
from sknn_suite.inspection._finding import Finding, percent

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
    y, predicted = evidence.targets, estimator.predict(evidence.some_X)
    arrived = COPED
    if estimator.loss == "quantile":
        # A quantile far from the mean explains little variance in any case.
        y, arrived = np.broadcast_to(y.T, predicted.T.shape).T, 0.0
    if blame_target_scale(y, predicted, tol=estimator.tol, arrived=arrived) is None:
        return []
    columns = np.float64(y).reshape(len(y), -1)
    center, width = columns.mean(axis=0), columns.std(axis=0)
    size = np.where(width > 0, np.maximum(np.abs(center), width), 1.0)
    worst = int(np.argmax(np.abs(np.log(size))))
    sentence = (
        f"The target has mean {center[worst]:.2g} and standard deviation "
        f"{width[worst]:.2g}, where a network expects about 0 and 1; set "
        "scale_target=True."
    )
    return [Finding("target scale", sentence)]


def _find_rare_classes(evidence: Evidence) -> list[Finding]:
    estimator = evidence.estimator
    balances = estimator.batch_sampling != "shuffle"
    if balances or estimator.class_weight is not None or estimator.loss != "log_loss":
        return []
    labels, counts = np.unique(evidence.all_targets, return_counts=True)
    rarest = int(counts.argmin())
    if len(labels) < 2 or counts[rarest] >= RARE * counts.max():
        return []
    share = percent_of_few(counts[rarest] / counts.sum())
    # Behind a sampler the rows of fit are balanced already, as far as the user wants.
    remedy = "" if evidence.is_resampled else "set class_weight='balanced' or "
    sentence = (
        f"Only {share} of the rows are of class {labels[rarest]!s}; {remedy}tune the "
        "threshold, and score by average precision or balanced accuracy."
    )
    return [Finding("imbalance", sentence)]


def percent_of_few(share: float) -> str:
    """Write a small share in percent, with a digit after the point."""
    return percent(share) if share >= 0.0095 else f"{100 * share:.2g} %"
