"""What "auto" and None stand for: how networks for images are trained by default."""

import math
from dataclasses import dataclass, field
from typing import Any

# Updates of a fit, epochs at most and at least, in which max_iter="auto" finds itself.


@dataclass(frozen=True)
class Recipe:
    """How one kind of network is trained.

    Parameters
    ----------
    rate : float
        learning_rate_init, at `batch_size` rows.
    n_updates : int
        Updates of a whole fit.
    least, most : int
        Epochs at least and at most.
    batch_size : int
        Rows per batch, at most.
    least_updates : int
        Updates of an epoch for which batches are made smaller than that.
    label_smoothing : float
        See `CNNClassifier`.
    schedule : str
        learning_rate.
    schedule_params : dict
        Its arguments.
    alpha : float
        L2 penalty.
    """

    rate: float
    n_updates: int
    least: int
    most: int
    batch_size: int = 256
    least_updates: int = 20
    label_smoothing: float = 0.1
    schedule: str = "one_cycle"
    schedule_params: dict[str, Any] = field(default_factory=dict)
    alpha: float = 0.1

    def rows_per_batch(self, n_rows: int) -> int:
        """Rows per batch on a CPU; few rows make small batches."""
        suited = 1 << max(n_rows // self.least_updates, 1).bit_length()
        return min(max(suited, 32), self.batch_size, n_rows)

    def n_epochs(self, n_rows: int, batch_size: int) -> int:
        """Epochs of a whole fit."""
        per_epoch = -(-n_rows // batch_size)
        return min(max(math.ceil(self.n_updates / per_epoch), self.least), self.most)


# Up within a quarter of the steps, then down in a straight line.
ONE_CYCLE = {
    "pct_start": 0.25,
    "div_factor": 5.0,
    "final_div_factor": 4.0,
    "anneal_strategy": "linear",
}

RECIPES = {
    "convolutions": Recipe(0.2, 2400, 10, 60, schedule_params=ONE_CYCLE),
    "airbench": Recipe(
        1.0,
        480,
        10,
        60,
        batch_size=1024,
        label_smoothing=0.2,
        schedule_params=ONE_CYCLE,
    ),
    # Rows without an image_shape: a plain MLP, full batches of few rows.
    "mlp": Recipe(
        0.05,
        2000,
        10,
        100,
        least_updates=1,
        label_smoothing=0.0,
        schedule_params=ONE_CYCLE,
        alpha=0.01,
    ),
    # One epoch, two, and four, the rate falling to zero in each.
    "gradual": Recipe(
        0.02,
        0,
        7,
        7,
        batch_size=64,
        schedule="warm_restarts",
        schedule_params={"cycle_length": 1, "cycle_mult": 2},
    ),
    "head": Recipe(0.05, 1000, 10, 50, batch_size=64, schedule="cosine"),
    "full": Recipe(0.02, 600, 5, 20, batch_size=64, schedule_params=ONE_CYCLE),
}
