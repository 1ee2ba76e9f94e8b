"""What models of this folder are made of; files of models know these by name."""

from sknn_suite.ensemble._lines import TableLine, TextLine
from sknn_suite.ensemble._mixed_codes import MixedCodes
from sknn_suite.ensemble._out_of_fold import OutOfFold
from sknn_suite.ensemble._rows_seen import SeenRows
from sknn_suite.ensemble._splits import Splits
from sknn_suite.ensemble._table_trees import TableTrees
from sknn_suite.ensemble._target import Labels, Numbers
from sknn_suite.ensemble._tree_tables import FIELDS, TreeTables

__all__ = [
    "FIELDS",
    "Labels",
    "MixedCodes",
    "Numbers",
    "OutOfFold",
    "SeenRows",
    "Splits",
    "TableLine",
    "TableTrees",
    "TextLine",
    "TreeTables",
]
