"""What "auto" and None stand for: how networks for images are trained by default."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

# Rows per batch of convolutions, and the number of rows below which it applies.
FEW_ROWS, SOME_ROWS = 5_000, 20_000

# Up within a quarter of the steps, then down in a straight line to a twentieth.
ONE_CYCLE = {
    "pct_start": 0.25,
    "div_factor": 5.0,
    "final_div_factor": 4.0,
    "anneal_strategy": "linear",
}


def batch_of_convolutions(n_rows: int) -> int:
    """Rows per batch; few rows make small batches, which gives more updates."""
    return 64 if n_rows < FEW_ROWS else 128 if n_rows < SOME_ROWS else 256


def epochs_of_convolutions(n_rows: int) -> int:
    """Epochs from scratch; the more rows, the fewer, and the more updates."""
    return min(max(round(2500 / math.sqrt(n_rows)), 10), 150)


def epochs_of_mlp(n_rows: int) -> int:
    """Epochs of rows without an image shape."""
    return min(max(round(400_000 / n_rows), 10), 100)


def batch_of_backbone(n_rows: int) -> int:
    """Rows per batch of a trained network; an epoch has eight batches at least."""
    return 1 << int(math.log2(min(max(n_rows / 8, 8), 64)))


def head_epochs(n_rows: int) -> int:
    """Epochs of the last layer alone, before all layers are trained."""
    return min(max(round(10_000 / n_rows), 10), 100)


# Three cycles of one, two and four units of time, which add up to seven. In each cycle
# the rate falls to zero. With few rows a unit is several epochs, for enough updates.
CYCLES = 7


def epochs_of_cycles(n_rows: int) -> int:
    """Epochs of three cycles."""
    return CYCLES * min(max(round(1_000 / n_rows), 1), 10)


@dataclass(frozen=True)
class Recipe:
    """How one kind of network is trained.

    Parameters
    ----------
    rates : dict of str to float
        learning_rate_init by solver; others take that of "adam".
    batch_size, n_epochs : callable
        Rows per batch, and epochs, from the number of rows.
    solver : str, default="sgd"
        What solver="auto" stands for.
    label_smoothing : float, default=0.1
        See `CNNClassifier`.
    schedule : str, default="one_cycle"
        learning_rate.
    schedule_params : dict, default=ONE_CYCLE
        Its arguments.
    alpha : float, default=0.1
        L2 penalty, of all solvers but muon.
    """

    rates: dict[str, float]
    batch_size: Callable[[int], int]
    n_epochs: Callable[[int], int]
    solver: str = "sgd"
    label_smoothing: float = 0.1
    schedule: str = "one_cycle"
    schedule_params: dict[str, Any] = field(default_factory=lambda: dict(ONE_CYCLE))
    alpha: float = 0.1

    def rate(self, solver: Any) -> float:
        """Learning rate of a solver."""
        return self.rates.get(solver, self.rates["adam"])


RECIPES = {
    "convolutions": Recipe(
        {"muon": 0.1, "sgd": 0.1, "adam": 0.005, "adamw": 0.01},
        batch_of_convolutions,
        epochs_of_convolutions,
        solver="muon",
    ),
    # The user's own network: muon would change the size of its kernels.
    "module": Recipe(
        {"muon": 0.05, "sgd": 0.05, "adam": 0.003},
        batch_of_convolutions,
        epochs_of_convolutions,
        solver="adam",
        alpha=0.0001,
    ),
    # Rows without an image_shape: a plain MLP, full batches of few rows.
    "mlp": Recipe(
        {"sgd": 0.05, "muon": 0.05, "adam": 0.002},
        lambda n_rows: 256,
        epochs_of_mlp,
        label_smoothing=0.0,
        alpha=0.01,
    ),
    "gradual": Recipe(
        {"sgd": 0.02, "muon": 0.02, "adam": 0.001},
        batch_of_backbone,
        epochs_of_cycles,
        schedule="warm_restarts",
        schedule_params={"cycle_length": 1, "cycle_mult": 2},
    ),
    "head": Recipe(
        {"sgd": 0.05, "muon": 0.05, "adam": 0.002},
        batch_of_backbone,
        lambda n_rows: min(max(round(60_000 / n_rows), 10), 50),
        schedule="cosine",
        schedule_params={},
    ),
    "full": Recipe(
        {"sgd": 0.02, "muon": 0.02, "adam": 0.001},
        batch_of_backbone,
        lambda n_rows: min(max(round(20_000 / n_rows), 5), 50),
    ),
}
