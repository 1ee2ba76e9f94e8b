"""What travels through a fit: checked rows, and all that is ready to train."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from torch import nn

from sknn_suite.data import TensorBundle
from sknn_suite.training import Progress, TensorNet


class Rows(NamedTuple):
    """Checked training rows: X as the encoder takes it, y and weight as arrays."""

    X: Any
    y: Any
    weight: np.ndarray | None

    @property
    def n(self) -> int:
        """Number of rows."""
        return self.X.shape[0]

    def take(self, index: np.ndarray) -> "Rows":
        """Choose rows."""
        return Rows(*(None if part is None else part[index] for part in self))


class Run(NamedTuple):
    """What a call of fit has prepared for training."""

    given: tuple[Any, Any, Any]  # X, y and sample_weight as the user gave them
    rows: Rows  # all rows as checked
    train: TensorBundle
    valid: Any  # TensorBundle, or None if there are no validation rows
    held_out: Any  # Rows: the validation rows as checked, for scorers
    module: nn.Module
    progress: Progress
    n_epochs: int  # what a whole fit is planned for; partial_fit trains for less
    build: Callable[[nn.Module, np.random.RandomState, float], TensorNet]
