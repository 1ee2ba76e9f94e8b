"""User data to tensors; learns from the training rows, never trains."""

from sknn_suite.encoding._files import ImageFiles
from sknn_suite.encoding._images import ImageEncoder
from sknn_suite.encoding._scaled import ScaledTable, weighted_quantiles
from sknn_suite.encoding._table import TableEncoder
from sknn_suite.encoding._target import ClassTarget, NumberTarget

__all__ = [
    "ClassTarget",
    "ImageEncoder",
    "ImageFiles",
    "NumberTarget",
    "ScaledTable",
    "TableEncoder",
    "weighted_quantiles",
]
