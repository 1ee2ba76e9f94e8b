"""The data of a fit and a prediction: tensors, rows, bundles, batches."""

from sknn_suite.data._batches import (
    ALIGNED_ROWS,
    BundleBatches,
    LengthBatches,
    batches_per_block,
    make_batches,
)
from sknn_suite.data._bundle import (
    CodedRows,
    LazyRows,
    RaggedRows,
    SparseRows,
    TensorBundle,
    as_tensor,
)
from sknn_suite.data._class_queues import rows_per_class
from sknn_suite.data._columns import Column, ColumnTable, column_of_words
from sknn_suite.data._files import ImageFiles
from sknn_suite.data._paths import (
    PART,
    name_beside,
    open_regular,
    reason_of,
    remove_parts,
    replacing,
)

__all__ = [
    "ALIGNED_ROWS",
    "PART",
    "BundleBatches",
    "CodedRows",
    "Column",
    "ColumnTable",
    "ImageFiles",
    "LazyRows",
    "LengthBatches",
    "RaggedRows",
    "SparseRows",
    "TensorBundle",
    "as_tensor",
    "batches_per_block",
    "column_of_words",
    "make_batches",
    "name_beside",
    "open_regular",
    "reason_of",
    "remove_parts",
    "replacing",
    "rows_per_class",
]
