"""Encoders from user data to tensors; they learn statistics, but train nothing."""

from sknn_suite.encoding._categories import CategoryColumns
from sknn_suite.encoding._column_kinds import LEFT_OUT, READ, ColumnKinds, find_kinds
from sknn_suite.encoding._column_scores import ColumnScores
from sknn_suite.encoding._conformal import conformal_shift, fewest_rows
from sknn_suite.encoding._corpus import Corpus
from sknn_suite.encoding._dates import PARTS, DateColumns
from sknn_suite.encoding._images import ImageEncoder
from sknn_suite.encoding._mixed_table import MixedTableEncoder
from sknn_suite.encoding._ngram_names import NgramNames
from sknn_suite.encoding._numbers import NumberColumns
from sknn_suite.encoding._patches import PatchEncoder
from sknn_suite.encoding._reversible import ReversibleTable
from sknn_suite.encoding._scaled import ScaledTable, weighted_quantiles
from sknn_suite.encoding._sequence import SequenceEncoder
from sknn_suite.encoding._strings import N_BUCKETS, StringColumns
from sknn_suite.encoding._table import TableEncoder
from sknn_suite.encoding._tally import HashTally, count_times
from sknn_suite.encoding._target import ClassTarget, NumberTarget
from sknn_suite.encoding._target_scale import TargetScale
from sknn_suite.encoding._text import FIRST_GRAM, LARGE, TextEncoder
from sknn_suite.encoding._tokenizer import Tokenizer, settle_tokenizer
from sknn_suite.encoding._vectors import find_vectors
from sknn_suite.encoding._vocabulary import Vocabulary
from sknn_suite.encoding._written_numbers import parse_numbers

__all__ = [
    "FIRST_GRAM",
    "LARGE",
    "LEFT_OUT",
    "N_BUCKETS",
    "PARTS",
    "READ",
    "CategoryColumns",
    "ClassTarget",
    "ColumnKinds",
    "ColumnScores",
    "Corpus",
    "DateColumns",
    "HashTally",
    "ImageEncoder",
    "MixedTableEncoder",
    "NgramNames",
    "NumberColumns",
    "NumberTarget",
    "PatchEncoder",
    "ReversibleTable",
    "ScaledTable",
    "SequenceEncoder",
    "StringColumns",
    "TableEncoder",
    "TargetScale",
    "TextEncoder",
    "Tokenizer",
    "Vocabulary",
    "conformal_shift",
    "count_times",
    "fewest_rows",
    "find_kinds",
    "find_vectors",
    "parse_numbers",
    "settle_tokenizer",
    "weighted_quantiles",
]
