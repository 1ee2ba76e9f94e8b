"""Training of plans, one or many: batches, gradients, optimisers, checkpoints."""

from sknn_suite.training._archive import read_origin, read_state, write_state
from sknn_suite.training._bridge import SklearnBridge
from sknn_suite.training._checkpoint import Checkpoint, find_checkpoint
from sknn_suite.training._epoch_line import EpochLine
from sknn_suite.training._fewer import go_on_with
from sknn_suite.training._fingerprint import digest_of_tensor, fingerprint
from sknn_suite.training._groups import ParameterGroups
from sknn_suite.training._job import Job
from sknn_suite.training._many import train_many
from sknn_suite.training._mixup import Mixed, Mixup
from sknn_suite.training._muon import Muon
from sknn_suite.training._net import TensorNet
from sknn_suite.training._packing import is_packable
from sknn_suite.training._paused import Paused
from sknn_suite.training._plan import FitPlan, Start
from sknn_suite.training._progress import Progress
from sknn_suite.training._range_test import RangeTest, run_range_test
from sknn_suite.training._sharing import KnownTensors
from sknn_suite.training._sign_of_life import SignOfLife, reports
from sknn_suite.training._state import (
    bind_weights,
    from_portable,
    load_weights,
    plain_row,
    to_portable,
    weights_of,
)
from sknn_suite.training._train import Trained, begin, train, train_first
from sknn_suite.training._trainer import (
    train_alone,
    train_job,
    trained_by,
    trains_itself,
)

__all__ = [
    "Checkpoint",
    "EpochLine",
    "FitPlan",
    "Job",
    "KnownTensors",
    "Mixed",
    "Mixup",
    "Muon",
    "ParameterGroups",
    "Paused",
    "Progress",
    "RangeTest",
    "SignOfLife",
    "SklearnBridge",
    "Start",
    "TensorNet",
    "Trained",
    "begin",
    "bind_weights",
    "digest_of_tensor",
    "find_checkpoint",
    "fingerprint",
    "from_portable",
    "go_on_with",
    "is_packable",
    "load_weights",
    "plain_row",
    "read_origin",
    "read_state",
    "reports",
    "run_range_test",
    "to_portable",
    "train",
    "train_alone",
    "train_first",
    "train_job",
    "train_many",
    "trained_by",
    "trains_itself",
    "weights_of",
    "write_state",
]
