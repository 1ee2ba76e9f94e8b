"""The loop: a net on skorch's hooks, its batches, optimisers and callbacks."""

from sknn_suite.training._batches import BundleBatches
from sknn_suite.training._bridge import SklearnBridge
from sknn_suite.training._convergence import Convergence, Progress, ValidationScore
from sknn_suite.training._factory import make_callbacks, make_net
from sknn_suite.training._lbfgs import LbfgsNet
from sknn_suite.training._net import TensorNet
from sknn_suite.training._optimizers import OPTIMIZERS
from sknn_suite.training._progress import EpochLine
from sknn_suite.training._schedules import InverseScaling, lower_adaptively
from sknn_suite.training._state import (
    bind_weights,
    from_portable,
    load_weights,
    to_portable,
    weights_of,
)

__all__ = [
    "OPTIMIZERS",
    "BundleBatches",
    "Convergence",
    "EpochLine",
    "InverseScaling",
    "LbfgsNet",
    "Progress",
    "SklearnBridge",
    "TensorNet",
    "ValidationScore",
    "bind_weights",
    "from_portable",
    "load_weights",
    "lower_adaptively",
    "make_callbacks",
    "make_net",
    "to_portable",
    "weights_of",
]
