"""Paused: all that a later call needs to go on as if there had been one call."""

from dataclasses import dataclass
from typing import Any

from sknn_suite.training._net import TensorNet
from sknn_suite.training._net_state import training_state
from sknn_suite.training._state import to_portable, weights_of


@dataclass(frozen=True)
class Paused:
    """The state of a net after its last epoch, from which it goes on bit by bit.

    It differs from ``Trained.state`` in that it holds the weights of the last epoch,
    the generators and the order of the rows too.

    Parameters
    ----------
    training : dict
        See `training_state`, as arrays and plain values that nobody changes.
    """

    training: dict[str, Any]

    @classmethod
    def of(cls, net: TensorNet) -> "Paused":
        """Copy the state of a net between two epochs."""
        state = to_portable(training_state(net))
        state["weights"] = weights_of(net.module_, copy=True)
        return cls(state)
