"""Checks of the user's data; checked data are safe for all layers below."""

from sknn_suite.checks._columns import check_columns
from sknn_suite.checks._images import (
    CheckedImages,
    check_images,
    check_images_and_target,
)
from sknn_suite.checks._listing import list_some
from sknn_suite.checks._one_hot import warn_of_one_hot
from sknn_suite.checks._scale import warn_of_other_scale
from sknn_suite.checks._score import check_score
from sknn_suite.checks._scorer import find_scorer
from sknn_suite.checks._sequences import Sequences, check_sequences
from sknn_suite.checks._table import (
    check_counts,
    check_dense_table,
    check_groups,
    check_labels,
    check_layer_sizes,
    check_per_layer,
    check_positive,
    check_table,
    check_table_and_target,
    check_weights,
)
from sknn_suite.checks._target_scale import blame_target_scale
from sknn_suite.checks._texts import check_texts

__all__ = [
    "CheckedImages",
    "Sequences",
    "blame_target_scale",
    "check_columns",
    "check_counts",
    "check_dense_table",
    "check_groups",
    "check_images",
    "check_images_and_target",
    "check_labels",
    "check_layer_sizes",
    "check_per_layer",
    "check_positive",
    "check_score",
    "check_sequences",
    "check_table",
    "check_table_and_target",
    "check_texts",
    "check_weights",
    "find_scorer",
    "list_some",
    "warn_of_one_hot",
    "warn_of_other_scale",
]
