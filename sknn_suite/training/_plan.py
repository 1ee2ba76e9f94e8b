"""FitPlan: all that one training needs, as a value."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch

from sknn_suite.data import TensorBundle
from sknn_suite.device import Place
from sknn_suite.losses import Loss
from sknn_suite.modules import Network
from sknn_suite.parameters import Settings
from sknn_suite.training._progress import Progress


@dataclass(frozen=True)
class Start:
    """Where an earlier call ended, and this one continues.

    Parameters
    ----------
    progress : Progress
        How far training had come.
    t : int
        Rows that it has seen.
    epochs : int
        Those of its epochs that count for unfreezing.
    state : dict, KeptNet, Paused or None
        State of optimiser, schedule and average, see `state_to_go_on`; or the net; or
        all of the state of a call that had fewer epochs, and goes on as the same one.
    keeps_rate : bool
        Whether the schedule continues as well.
    """

    progress: Progress = field(default_factory=Progress)
    t: int = 0
    epochs: int = 0
    state: Any = None
    keeps_rate: bool = False


@dataclass(frozen=True)
class FitPlan:
    """One training: a network, rows, and how the network learns from the rows.

    A plan is a value: training it twice, here or in another process, gives the same
    bits, and does not change it. Nothing in it is left to choose, and nothing in it
    refers to an estimator.

    Parameters
    ----------
    network : Network
        What is trained.
    weights : dict of str to ndarray
        Its initial weights, buffers included.
    loss : Loss
        What is minimised.
    settings : Settings
        How: solver, penalties, schedule, stopping, and so on.
    train, valid : TensorBundle, and TensorBundle or None
        Training and validation rows.
    place : Place
        Where and in which types to compute.
    batch_size : int
        Rows per batch.
    n_epochs : int
        Largest number of epochs to train.
    planned_epochs : int
        Epochs that the schedule is planned for.
    random_state : RandomState
        Source of all randomness; training draws from a copy.
    augment : object or None
        Changes training batches: has ``bind(module, random_state)``, which returns
        what `TrainingRecipe` calls mixup.
    score : callable or None
        Score of the validation rows, from raw scores and bundle; larger is better.
    valid_rows : int
        Validation rows that are scored at a time, at least.
    start : Start
        Where an earlier call ended.
    class_shares : tuple of float or None
        Share of each class in a training batch, see `BundleBatches`; None for that of
        the rows as they are.
    pauses : bool
        Whether the result has a state from which the same training goes on to more
        epochs, see `Paused`.
    """

    network: Network
    weights: dict[str, np.ndarray]
    loss: Loss
    settings: Settings
    train: TensorBundle
    valid: TensorBundle | None
    place: Place
    batch_size: int
    n_epochs: int
    planned_epochs: int
    random_state: np.random.RandomState
    augment: Any = None
    score: Callable[[torch.Tensor, TensorBundle], float] | None = None
    valid_rows: int = 1024
    start: Start = field(default_factory=Start)
    class_shares: tuple[float, ...] | None = None
    pauses: bool = False

    @property
    def rate(self) -> float:
        """Learning rate of layers without their own share."""
        return float(np.ravel(self.settings.learning_rate_init)[-1])

    @property
    def schedule(self) -> str | Callable[[int], float]:
        """How the learning rate changes, see `TrainingParameters.learning_rate`."""
        kind = self.settings.learning_rate
        if self.settings.solver == "adam" and kind in ("invscaling", "adaptive"):
            return "constant"  # scikit-learn's Adam ignores them; scripts rely on it
        return kind

    @property
    def rows_per_update(self) -> int:
        """Rows of each update before `accumulate`; lbfgs takes all."""
        if self.settings.solver == "lbfgs":
            return len(self.train)
        return self.batch_size

    def change(self, **changes: Any) -> "FitPlan":
        """Make the same plan with `changes` to its fields or to its settings."""
        own = {name for name in changes if name in self.__dataclass_fields__}
        settings = {n: value for n, value in changes.items() if n not in own}
        changed = {n: changes[n] for n in own}
        if settings:
            changed["settings"] = replace(self.settings, **settings)
        return replace(self, **changed)

    def is_compatible(self, other: "FitPlan") -> bool:
        """Whether both are the same program, so that they can train side by side.

        Network, loss, solver and place must be the same; rates, penalties, rows and
        numbers of epochs may differ.
        """
        return (
            self.place == other.place
            and self.settings.solver == other.settings.solver
            and type(self.loss) is type(other.loss)
            and self.network.is_like(other.network)
        )
