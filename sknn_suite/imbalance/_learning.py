"""Training of a network from which rows are made."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sknn_suite.data import TensorBundle, as_tensor
from sknn_suite.device import (
    CHUNK_ROWS,
    Place,
    RowLimit,
    choose_place,
    suited_threads,
)
from sknn_suite.losses import Loss, MixedDistribution
from sknn_suite.modules import Network, largest_weight, n_parameters
from sknn_suite.parameters import Settings
from sknn_suite.training import (
    FitPlan,
    load_weights,
    plain_row,
    train_first,
    weights_of,
)

# Names of skorch's history, and ours.
NAMES = {"lr": "learning_rate", "dur": "seconds"}


@dataclass(frozen=True)
class EncodedRows:
    """Rows as a table of scores and one-hot blocks, with classes.

    Parameters
    ----------
    x : Tensor of shape (n_samples, n_outputs), float32
        The rows.
    codes : ndarray of shape (n_samples,)
        Class of each row.
    classes : ndarray of shape (n_classes,)
        The labels.
    weight : ndarray of shape (n_samples,) or None
        Weight of each row.
    n_numbers : int
        Number of scores.
    block_sizes : list of int
        Columns of each block.
    """

    x: Tensor
    codes: np.ndarray
    classes: np.ndarray
    weight: np.ndarray | None
    n_numbers: int
    block_sizes: list[int]

    @property
    def one_hot(self) -> Tensor:
        """Classes as one-hot rows."""
        return torch.eye(len(self.classes))[as_tensor(self.codes)]

    def distribution(self, *, learns_scale: bool) -> MixedDistribution:
        """Make the distribution of rows around what a network decodes."""
        return MixedDistribution(self.n_numbers, self.block_sizes, learns_scale)

    def members(self, code: int) -> np.ndarray:
        """Rows of a class whose weight is not zero."""
        chosen = self.codes == code
        if self.weight is not None:
            chosen = chosen & (self.weight > 0)
        return np.flatnonzero(chosen)

    def usual_weight(self, code: int) -> float:
        """Mean weight of the rows of a class."""
        return 1.0 if self.weight is None else self.weight[self.codes == code].mean()


@dataclass(frozen=True)
class MadeRows:
    """Rows that were made.

    Parameters
    ----------
    x : ndarray of shape (n_made, n_outputs)
        The rows, as a network decodes them.
    codes : ndarray of shape (n_made,)
        Class of each row.
    weight : ndarray of shape (n_made,)
        Weight of each row.
    """

    x: np.ndarray
    codes: np.ndarray
    weight: np.ndarray


@dataclass(frozen=True)
class Effort:
    """How much and where to train.

    Parameters
    ----------
    max_iter : int or "auto"
        Epochs; "auto" makes `n_updates` updates.
    batch_size : int
        Rows per update.
    rate : float
        Learning rate.
    device : str
        The parameter of samplers.
    n_updates : int
        Updates of max_iter="auto".
    """

    max_iter: Any
    batch_size: int
    rate: float
    device: str
    n_updates: int

    def rows(self, data: EncodedRows, random_state: np.random.RandomState) -> Tensor:
        """Draw the rows of an epoch, as many of each class.

        A network sees a rare class as often as a frequent one: rows of small classes
        come several times, each about as often as the others of its class.
        """
        members = [data.members(c) for c in range(len(data.classes))]
        members = [rows for rows in members if len(rows)]
        n_each = max(map(len, members))
        if self.max_iter == "auto":
            most = self.n_updates * self.batch_size
            n_each = min(n_each, math.ceil(most / len(members)))
        chosen = []
        for rows in members:
            times = -(-n_each // len(rows))
            parts = [random_state.permutation(rows) for _ in range(times)]
            chosen.append(np.concatenate(parts)[:n_each])
        return as_tensor(np.concatenate(chosen))

    def n_epochs(self, n_rows: int) -> int:
        """Epochs of `n_rows` rows."""
        if self.max_iter != "auto":
            return int(self.max_iter)
        return math.ceil(self.n_updates / math.ceil(n_rows / self.batch_size))

    def place(self, network: Network, n_rows: int) -> Place:
        """Device for `n_rows` rows in all."""
        work = float(n_rows) * n_parameters(network.skeleton())
        how: dict[str, Any] = {"is_float64": False, "work": work, "width": 0}
        return choose_place(self.device, "float32", **how)


def learn(
    network: Network,
    loss: Loss,
    inputs: dict[str, Tensor],
    data: EncodedRows,
    effort: Effort,
    random_state: np.random.RandomState,
) -> tuple[nn.Module, list[dict[str, Any]]]:
    """Train a network to reconstruct rows, as estimators train theirs.

    Parameters
    ----------
    network : Network
        The network; its module has ``reset_parameters(random_state)``.
    loss : Loss
        What is minimised.
    inputs : dict of str to Tensor
        Inputs of the module.
    data : EncodedRows
        The rows, which are the target.
    effort : Effort
        How much to train.
    random_state : RandomState
        Source of all randomness.

    Returns
    -------
    module, history : nn.Module and list of dict
        The module with its weights, in evaluation mode, and a record per epoch.
    """
    rows = effort.rows(data, random_state)
    weight = None
    if data.weight is not None:
        weight = as_tensor(data.weight, torch.float32)
    place = effort.place(network, len(rows))
    module: Any = network.build(torch.device("cpu"), place.dtype)
    module.reset_parameters(random_state)
    n_epochs = effort.n_epochs(len(rows))
    plan = FitPlan(
        network=network,
        weights=weights_of(module, copy=True),
        loss=loss,
        settings=Settings(
            alpha=0.0,
            max_grad_norm=1.0,
            learning_rate="one_cycle",
            learning_rate_init=effort.rate,
            n_iter_no_change=math.inf,
        ),
        train=TensorBundle(inputs, data.x, weight, rows),
        valid=None,
        place=place,
        batch_size=min(effort.batch_size, len(rows)),
        n_epochs=n_epochs,
        planned_epochs=n_epochs,
        random_state=random_state,
    )
    trained = train_first(plan)
    random_state.set_state(trained.random_state.get_state())
    module = network.build(place.device, place.dtype).eval()
    load_weights(module, trained.weights)
    history = [_record(row, i) for i, row in enumerate(trained.history, 1)]
    return module.requires_grad_(False), history


def apply(
    module: nn.Module, function: Callable[[slice], Tensor], n_rows: int
) -> np.ndarray:
    """Apply a function of a slice of rows, which uses a module, chunk by chunk.

    The chunks follow one another, so that a function may draw numbers.
    """
    device = next(module.parameters()).device
    work = n_rows * largest_weight(module)
    with torch.inference_mode(), suited_threads(work):
        limit = RowLimit(device, CHUNK_ROWS)
        return limit.map(lambda rows: function(rows).cpu(), n_rows).numpy()


def _record(row: dict[str, Any], epoch: int) -> dict[str, Any]:
    kept = {
        NAMES.get(name, name): value
        for name, value in plain_row(row).items()
        if name != "train_batch_count"
    }
    return kept | {"epoch": epoch}
