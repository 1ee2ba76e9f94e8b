"""User data to tensors; learns from the training rows, never trains."""

from sknn_suite.encoding._scaled import ScaledTable, weighted_quantiles
from sknn_suite.encoding._table import TableEncoder
from sknn_suite.encoding._target import ClassTarget, NumberTarget

__all__ = [
    "ClassTarget",
    "NumberTarget",
    "ScaledTable",
    "TableEncoder",
    "weighted_quantiles",
]
