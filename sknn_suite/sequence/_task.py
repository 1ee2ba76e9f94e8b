"""RecurrentTask and SequenceTask: rows of steps, for recurrent networks."""

import math
from typing import Any

import numpy as np

from sknn_suite.checks import (
    Sequences,
    check_labels,
    check_layer_sizes,
    check_sequences,
)
from sknn_suite.data import TensorBundle
from sknn_suite.encoding import SequenceEncoder
from sknn_suite.estimator import SupervisedTask
from sknn_suite.modules import POOLINGS, Network
from sknn_suite.training import FitPlan

# Rows of a batch whose states stay in a processor's cache.
CACHED_ROWS = 256

# Updates of a fit with max_iter="auto", and its fewest and most epochs.
N_UPDATES, FEWEST_EPOCHS, MOST_EPOCHS = 1500, 10, 100


class RecurrentTask(SupervisedTask):
    """What tasks with a recurrent network share."""

    reading = "lengths"  # rows of similar length are predicted together
    planned_schedules = ("one_cycle", "cosine", "log_cosine")

    def auto_sizes(self, encoder: Any) -> tuple[int, ...]:
        """Units of the recurrent layers, then of the dense one, for "auto"."""
        return (32, 32)

    def auto_networks(self) -> int:
        """Networks for "auto"."""
        return 1

    def inputs(self, encoder: Any) -> dict[str, Any]:
        """Arguments of `SequenceNet` that say what it reads."""
        raise NotImplementedError

    def network(self, encoder: Any) -> Network:
        of = self.of
        if of.mixup:
            raise ValueError(
                f"mixup={of.mixup} does not go with rows of unequal length. "
                "Expected mixup=0. Use dropout to regularise."
            )
        *hidden, dense = self.auto_sizes(encoder)
        sizes = of.hidden_sizes
        if isinstance(sizes, str):  # an array compares by element
            sizes = hidden
        kinds = of.pooling
        net = {
            "hidden_sizes": check_layer_sizes(sizes, "hidden_sizes", least=1),
            "n_outputs": self.objective.n_outputs,
            "cell": of.cell,
            "bidirectional": bool(of.bidirectional),
            "pooling": _check_pooling([kinds] if isinstance(kinds, str) else kinds),
            "dense_size": dense if of.dense_size == "auto" else int(of.dense_size),
            "batch_norm": bool(of.batch_norm),
            "spatial_dropout": float(of.spatial_dropout),
            "recurrent_dropout": float(of.recurrent_dropout),
            "dropout": float(of.dropout),
            "max_bptt": of.max_bptt,
        }
        n_networks: Any = of.n_networks
        if n_networks == "auto":
            n_networks = self.auto_networks()
        config = {"net": net, "n_networks": int(n_networks)}
        return Network("sequence", config | self.inputs(encoder))

    def settled(self, plan: FitPlan) -> dict[str, Any]:
        net = plan.network.config["net"]
        return {
            "hidden_sizes_": net["hidden_sizes"],
            "dense_size_": net["dense_size"],
            "n_networks_": plan.network.config["n_networks"],
        }

    def draw(
        self, module: Any, encoder: Any, random_state: np.random.RandomState
    ) -> None:
        module.reset_parameters(random_state)

    def work_per_row(self, encoder: Any, network: Network, n_parameters: int) -> float:
        return encoder.mean_length_ * float(n_parameters)

    def rows_at_once(self, network: Network) -> int:
        return CACHED_ROWS

    def arrange(self, valid: TensorBundle) -> TensorBundle:
        # Sorted by length, batches of validation rows hold little padding.
        assert valid.lengths is not None
        return valid.select(valid.lengths.argsort())


class SequenceTask(RecurrentTask):
    """Sequences of numbers, scaled per channel."""

    def check_both(
        self, X: Any, y: Any, *, reset: bool
    ) -> tuple[Sequences, np.ndarray]:
        X = check_sequences(self.of, X, reset=reset)
        return X, check_labels(self.of, X, y)

    def check_rows(self, X: Any) -> Sequences:
        return check_sequences(self.of, X, reset=False)

    def encoder(self) -> SequenceEncoder:
        return SequenceEncoder(self.of.scaling)

    def inputs(self, encoder: SequenceEncoder) -> dict[str, Any]:
        return {"n_inputs": encoder.n_channels_}

    def n_epochs(self, encoder: Any, n_rows: int, updates_per_epoch: int) -> int:
        epochs = math.ceil(N_UPDATES / updates_per_epoch)
        return min(max(epochs, FEWEST_EPOCHS), MOST_EPOCHS)


def _check_pooling(kinds: Any) -> tuple[str, ...]:
    kinds = tuple(kinds)
    if not kinds or not set(kinds) <= set(POOLINGS) or len(set(kinds)) < len(kinds):
        raise ValueError(
            f"pooling={kinds} is not a choice of poolings. Expected one or several, "
            f"each once, of {', '.join(POOLINGS)}. Change it."
        )
    return kinds
