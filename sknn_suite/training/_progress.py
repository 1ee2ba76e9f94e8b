"""Progress: what convergence remembers between epochs and between calls."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass
class Progress:
    """How far training has come.

    Parameters
    ----------
    best_loss, best_score : float
        The best of an epoch so far.
    no_improvement_count : int
        Epochs since the last improvement.
    best_epoch : int or None
        The epoch with the best score.
    best_weights : dict of str to ndarray, or None
        Its weights.
    earlier : list of dict
        Records of the epochs of an earlier phase, with another plan.
    """

    best_loss: float = np.inf
    best_score: float = -np.inf
    no_improvement_count: int = 0
    best_epoch: int | None = None
    best_weights: dict[str, np.ndarray] | None = None
    earlier: list[dict[str, Any]] = field(default_factory=list)
