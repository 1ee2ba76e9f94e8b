"""The loop: a net on skorch's hooks, its batches, optimisers and callbacks."""

from sknn_suite.training._bridge import SklearnBridge
from sknn_suite.training._checkpoint import Checkpoint, fingerprint, read_state
from sknn_suite.training._convergence import Progress
from sknn_suite.training._factory import make_callbacks, make_net
from sknn_suite.training._groups import ParameterGroups
from sknn_suite.training._lbfgs import LbfgsNet
from sknn_suite.training._mixup import Mixed, Mixup
from sknn_suite.training._muon import Muon
from sknn_suite.training._net import TensorNet
from sknn_suite.training._optimizers import OPTIMIZERS
from sknn_suite.training._range_test import RangeTest, run_range_test
from sknn_suite.training._schedules import SCHEDULES
from sknn_suite.training._state import (
    bind_weights,
    from_portable,
    load_optimizer_state,
    load_weights,
    optimizer_state,
    plain_row,
    to_portable,
    weights_of,
)

__all__ = [
    "OPTIMIZERS",
    "SCHEDULES",
    "Checkpoint",
    "LbfgsNet",
    "Mixed",
    "Mixup",
    "Muon",
    "ParameterGroups",
    "Progress",
    "RangeTest",
    "SklearnBridge",
    "TensorNet",
    "bind_weights",
    "fingerprint",
    "from_portable",
    "load_optimizer_state",
    "load_weights",
    "make_callbacks",
    "make_net",
    "optimizer_state",
    "plain_row",
    "read_state",
    "run_range_test",
    "to_portable",
    "weights_of",
]
