"""Learning rates that change while training goes on."""

from typing import Any

from skorch.callbacks import Callback

from sknn_suite.training._net import TensorNet

# scikit-learn's "adaptive" divides the rate by this, and ends below that.
ADAPTIVE_FACTOR = 5.0
ADAPTIVE_MIN_RATE = 1e-6


class InverseScaling(Callback):
    """learning_rate_init / (t + 1) ** power_t, t the rows seen, after each epoch."""

    def __init__(self, learning_rate_init: float, power_t: float, t: int) -> None:
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.t = t

    def on_epoch_end(
        self, net: TensorNet, dataset_train: Any = None, **kwargs: Any
    ) -> None:
        self.t += len(dataset_train)
        set_learning_rate(net, self.learning_rate_init / (self.t + 1) ** self.power_t)


def lower_adaptively(net: TensorNet) -> bool:
    """Divide the learning rate by five; True if it is too small to go on."""
    rate = net.optimizer_.param_groups[0]["lr"]
    if rate <= ADAPTIVE_MIN_RATE:
        return True
    set_learning_rate(net, rate / ADAPTIVE_FACTOR)
    return False


def set_learning_rate(net: TensorNet, rate: float) -> None:
    """Set the rate of all parameter groups."""
    for group in net.optimizer_.param_groups:
        group["lr"] = rate
