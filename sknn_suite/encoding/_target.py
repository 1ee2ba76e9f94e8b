"""Encode targets as tensors, and decode predictions to the form of y."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from sklearn.utils.multiclass import (
    check_classification_targets,
    type_of_target,
    unique_labels,
)
from torch import Tensor

from sknn_suite.data import as_tensor
from sknn_suite.encoding._target_scale import TargetScale


class ClassTarget:
    """Convert labels to class codes, and class codes to labels.

    Attributes
    ----------
    kind_ : {"binary", "multiclass", "multilabel"}
        Kind of y.
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted; for multilabel the column indices. A single label has the
        probability 1, from a softmax over one score.
    rule : DecisionRule or None
        Decides by probabilities; None for the most probable class.
    shift : ndarray of shape (n_outputs,) or None
        What is added to raw scores, so that probabilities are for the true shares of
        the classes.
    """

    # Pickles of plain targets hold no more than kind and classes.
    kind_: str
    classes_: np.ndarray
    rule: Any = None
    shift: np.ndarray | None = None

    def fit(self, y: np.ndarray, classes: Sequence | None = None) -> "ClassTarget":
        """Learn the labels from all rows, or use `classes`."""
        # Of these scikit-learn would ask how many there are, which is not needed.
        is_label = y.ndim == 1 and y.dtype.kind in "biuUS"
        kind = "multiclass" if is_label else type_of_target(y)
        if kind == "multilabel-indicator":
            self.kind_ = "multilabel"
            self.classes_ = np.arange(y.shape[1])
            return self
        if kind not in ("binary", "multiclass"):
            check_classification_targets(y)  # raises
        if classes is None and is_label:
            self.classes_ = np.unique(y)  # unique_labels would check the type again
        else:
            self.classes_ = unique_labels(y if classes is None else classes)
        self.kind_ = "binary" if len(self.classes_) == 2 else "multiclass"
        return self

    @property
    def n_outputs(self) -> int:
        """Number of raw scores per row."""
        return 1 if self.kind_ == "binary" else len(self.classes_)

    def codes(self, y: np.ndarray) -> np.ndarray:
        """Class code of each row, or the 0/1 matrix of a multilabel y."""
        if self.kind_ == "multilabel":
            return np.asarray(y)
        return np.searchsorted(self.classes_, y)

    def transform(self, y: np.ndarray, dtype: torch.dtype) -> Tensor:
        """Return the target of the loss: codes for softmax, 0/1 columns for sigmoid."""
        codes = self.codes(y)
        if self.kind_ == "multiclass":
            return as_tensor(codes, torch.int64)
        return as_tensor(codes.reshape(len(codes), -1), dtype)

    def deciding(self, rule: Any, shift: np.ndarray | None) -> "ClassTarget":
        """Make the same target with a rule and a shift of its own."""
        target = ClassTarget()
        target.kind_, target.classes_ = self.kind_, self.classes_
        if rule is not None:
            target.rule = rule
        if shift is not None:
            target.shift = shift
        return target

    def shifted(self, raw: Tensor) -> Tensor:
        """Raw scores whose probabilities are for the true shares."""
        if self.shift is None:
            return raw
        return raw + torch.as_tensor(self.shift, dtype=raw.dtype)

    def decide(self, raw: np.ndarray) -> np.ndarray:
        """Codes from raw scores: the most probable class, or labels above one half."""
        if self.kind_ == "multiclass":
            return raw.argmax(axis=1)
        positive = (raw > 0).astype(int)
        return positive[:, 0] if self.kind_ == "binary" else positive

    def inverse_transform(self, codes: np.ndarray) -> np.ndarray:
        """Labels from codes."""
        return codes if self.kind_ == "multilabel" else self.classes_[codes]


class NumberTarget:
    """One or several numbers per row.

    Parameters
    ----------
    quantiles : tuple of float, default=None
        If several quantiles of one number are predicted: which.

    Attributes
    ----------
    n_outputs : int
        Numbers per row.
    scale : TargetScale or None
        Units in which the network learns; None for those of y.
    shift : ndarray or None
        What calibration adds to each prediction, in the units of the network.
    seen : tuple of two ndarrays of shape (n_outputs,), or None
        Smallest and largest number of each column, which predictions stay between;
        None for no limits.
    """

    # Pickles of plain targets hold no more than the number of columns.
    quantiles: tuple[float, ...] | None = None
    scale: TargetScale | None = None
    shift: np.ndarray | None = None
    seen: tuple[np.ndarray, np.ndarray] | None = None
    n_outputs: int

    def __init__(self, quantiles: tuple[float, ...] | None = None) -> None:
        if quantiles is not None:
            self.quantiles = quantiles

    def fit(self, y: np.ndarray) -> "NumberTarget":
        """Learn the number of columns."""
        self.n_outputs = 1 if y.ndim == 1 else y.shape[1]
        return self

    @property
    def n_scores(self) -> int:
        """Number of raw scores per row."""
        return self.n_outputs if self.quantiles is None else len(self.quantiles)

    def transform(self, y: np.ndarray, dtype: torch.dtype) -> Tensor:
        """Return the target of the loss, of shape (n_samples, n_outputs)."""
        if self.scale is not None:
            y = self.scale.apply(y)
        return as_tensor(y.reshape(len(y), -1), dtype)

    def shifted(self, shift: np.ndarray) -> "NumberTarget":
        """Make the same target with calibrated predictions."""
        target = NumberTarget(self.quantiles)
        target.n_outputs, target.scale, target.shift = self.n_outputs, self.scale, shift
        if self.seen is not None:
            target.seen = self.seen
        return target

    def inverse_transform(self, values: np.ndarray) -> np.ndarray:
        """Predictions in the shape of scikit-learn: (n,) or (n, k)."""
        if self.shift is not None:
            values = (values + self.shift).astype(values.dtype)
            if self.quantiles is not None:  # a shift may let two of them cross
                values = np.sort(values, axis=1)
        if self.scale is not None:
            values = self.scale.undo(values)
        if self.seen is not None:
            values = np.clip(values, *self.seen).astype(values.dtype)
        flat = self.n_outputs == 1 and self.quantiles is None
        return values[:, 0] if flat else values
