"""Encode sequences of numbers as tensors, scaled per channel."""

import numpy as np
import torch
from torch import Tensor

from sknn_suite.checks import Sequences
from sknn_suite.data import RaggedRows, TensorBundle, as_tensor
from sknn_suite.encoding._scaled import ScaledTable


class SequenceEncoder:
    """Encode sequences; each channel is scaled by statistics over all steps.

    Parameters
    ----------
    scaling : {"standard", "robust"} or None
        See `ScaledTable`.

    Attributes
    ----------
    n_channels_ : int
        Number of values per step.
    mean_length_ : float
        Mean number of steps of a sequence.

    Shape
    -----
    X : n_samples sequences of (n_steps, n_channels)
    values : ragged, (n_samples, longest, n_channels) in a batch
    lengths : (n_samples,)

    Examples
    --------
    >>> import numpy as np, torch
    >>> from sknn_suite.checks import Sequences
    >>> from sknn_suite.encoding import SequenceEncoder
    >>> X = Sequences(np.array([0, 1, 3]), np.arange(3.0)[:, None])
    >>> SequenceEncoder(None).fit(X).transform(X, torch.float32).inputs["lengths"]
    tensor([1, 2])
    """

    n_channels_: int
    mean_length_: float

    def __init__(self, scaling: str | None) -> None:
        self._scaler = ScaledTable(scaling)

    def fit(
        self,
        X: Sequences,
        rows: Tensor | None = None,
        weight: np.ndarray | None = None,
    ) -> "SequenceEncoder":
        """Learn from the training rows, all if None."""
        if rows is not None:
            X = X[rows.numpy()]
            weight = None if weight is None else weight[rows.numpy()]
        self.n_channels_ = X.n_channels
        self.mean_length_ = len(X.values) / max(len(X), 1)
        if weight is not None:
            weight = np.repeat(weight, np.diff(X.starts))
        self._scaler.fit(X.values, None, weight)
        return self

    def transform(self, X: Sequences, dtype: torch.dtype) -> TensorBundle:
        """Encode sequences as tensors of type `dtype`."""
        starts = as_tensor(X.starts, torch.int64)
        values = self._scaler.transform(X.values, dtype).inputs["x"]
        return TensorBundle(
            {"values": RaggedRows(starts, values), "lengths": starts.diff()}
        )
