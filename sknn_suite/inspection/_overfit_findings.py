"""Findings about rows that a network has learnt by heart."""

from typing import Any

import numpy as np

from sknn_suite.inspection._evidence import Evidence
from sknn_suite.inspection._finding import Finding
from sknn_suite.inspection._module import count_rows
from sknn_suite.inspection._settings import acting_parameters

# A network overfits if its loss on other rows is so many times that on training rows,
# and at least this share of the loss of a constant prediction.
TIMES, OF_CONSTANT = 3.0, 0.5

# With fewer rows, early stopping sets aside less than a hundred.
FEW_ROWS = 1000


def find_overfitting(evidence: Evidence) -> list[Finding]:
    """Find that the loss on validation rows, or on new ones, is far above training's.

    Rows are new if the network does far worse on them than on those it was trained on.
    """
    estimator = evidence.estimator
    constant = _loss_of_a_constant(evidence)
    if constant is None:
        return []
    epoch = _epoch_in_use(estimator)
    train, valid = epoch["train_loss"], epoch.get("valid_loss", np.nan)
    which = "validation rows"
    if not _is_far(valid, train, constant):
        valid, which = _loss_of_rows(evidence, constant), "the rows passed here"
    if not _is_far(valid, train, constant):
        return []
    acting = acting_parameters(estimator)
    remedies = [name for name in ("alpha", "dropout") if name in acting]
    remedy = f"raise {' or '.join(remedies)}"
    if not estimator.early_stopping:
        remedy += ", or set early_stopping=True"
        if evidence.is_classifier and count_rows(evidence.X) < FEW_ROWS:
            # The accuracy of a few validation rows hardly changes between epochs.
            remedy += " with early_stopping_scoring='loss'"
    sentence = (
        f"The network overfits: its loss is {train:.2g} on training rows and "
        f"{valid:.2g} on those of {which}; {remedy}."
    )
    return [Finding("overfitting", sentence)]


def _is_far(loss: float, train: float, constant: float) -> bool:
    return loss > TIMES * train and loss > OF_CONSTANT * constant


def _epoch_in_use(estimator: Any) -> dict[str, Any]:
    """Record of the epoch whose weights the estimator has."""
    last = estimator.history_[-1]
    best = getattr(estimator, "best_epoch_", None)
    return next((row for row in estimator.history_ if row["epoch"] == best), last)


def _loss_of_a_constant(evidence: Evidence) -> float | None:
    """Loss of the best constant, in the units of the history; None for other losses."""
    estimator = evidence.estimator
    if evidence.is_classifier:
        balances = estimator.batch_sampling != "shuffle"
        balances = balances or estimator.class_weight is not None
        if balances or estimator.loss != "log_loss":
            return None
        _, counts = np.unique(evidence.all_targets, return_counts=True)
        share = counts / counts.sum()
        return float(-(share * np.log(share)).sum()) or None
    if not evidence.is_regressor or estimator.loss != "squared_error":
        return None
    if estimator.scale_target == "log":
        return None
    variance = _variance(evidence)
    return 0.5 if estimator.scale_target else 0.5 * variance or None


def _loss_of_rows(evidence: Evidence, constant: float) -> float:
    """Loss of the rows of the evidence, in the units of the history."""
    estimator, y = evidence.estimator, evidence.targets
    if evidence.is_classifier:
        codes = estimator._net.target.codes(y).astype(int)
        proba = evidence.probabilities.astype(np.float64)
        proba = proba[np.arange(len(codes)), codes]
        return float(-np.log(proba.clip(1e-15)).mean())
    error = np.float64(y) - np.float64(estimator.predict(evidence.some_X))
    return float((error**2).mean() / _variance(evidence) * constant)


def _variance(evidence: Evidence) -> float:
    return float(np.float64(evidence.all_targets).var(axis=0).mean())
