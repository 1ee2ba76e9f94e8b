"""Findings about the columns of X: constant ones, and those without a scale."""

import numpy as np
from scipy import sparse

from sknn_suite.encoding import LEFT_OUT
from sknn_suite.inspection._evidence import Evidence
from sknn_suite.inspection._finding import Finding, name_some

# Columns are of size one when they are scaled; their size is the root of the mean
# square. Pixels from 0 to 16 and lengths in centimetres train well as they are.
LARGE_COLUMN = 30.0
# Columns so much larger than the median one drown the others, if they are larger than
# scaled columns are. Zeros are left out, because rare words and categories are small on
# average, and of unit size where they occur.
MUCH_LARGER, LARGER_THAN_SCALED = 100.0, 3.0
# Rows whose norm is below this are small as a whole: they need large weights.
SMALL_ROW = 0.3


def find_in_columns(evidence: Evidence) -> list[Finding]:
    """Find what is wrong with the columns of a table, or the channels of sequences."""
    table = evidence.columns
    is_flat_image = not evidence.is_table and hasattr(
        evidence.estimator, "image_shape_"
    )
    if table is None or not table.size or is_flat_image:
        return []
    return [*_find_constant(evidence, table), *_find_unscaled(evidence, table)]


def find_left_out(evidence: Evidence) -> list[Finding]:
    """Find columns of a mixed table that its networks do not read."""
    kinds = evidence.estimator.column_kinds_
    left_out = [f"{n!r} ({kind})" for n, kind in kinds.items() if kind in LEFT_OUT]
    if not left_out:
        return []
    what = "One of the columns of X is"
    if len(left_out) > 1:
        what = f"{len(left_out)} columns of X are"
    sentence = (
        f"{what} left out: {name_some(left_out)}; drop what tells nothing, and name "
        "the others in categorical_features or numeric_features."
    )
    return [Finding("constant columns", sentence)]


def _find_constant(evidence: Evidence, table: np.ndarray) -> list[Finding]:
    constant = np.flatnonzero(table.min(axis=0) == table.max(axis=0))
    everything = evidence.all_columns if len(constant) else None
    if everything is not None:  # a rare value may be in another row
        own = everything[:, constant]
        constant = constant[own.min(axis=0) == own.max(axis=0)]
    # Absent pixels, words and categories change nothing.
    if table.min() >= 0 or sparse.issparse(evidence.some):
        constant = constant[table[0, constant] != 0]
    if not len(constant):
        return []
    names = name_some([evidence.name_of_column(int(i)) for i in constant])
    what = "columns" if evidence.is_table else "channels"
    sentence = (
        f"{len(constant)} {what} of X are constant ({names}) and tell nothing; drop "
        "them, for example with VarianceThreshold."
    )
    if len(constant) == 1:
        sentence = (
            f"One of the {what} of X is constant ({names}) and tells nothing; drop it, "
            "for example with VarianceThreshold."
        )
    return [Finding("constant columns", sentence)]


def _find_unscaled(evidence: Evidence, table: np.ndarray) -> list[Finding]:
    if evidence.scales_inside:
        return []
    with np.errstate(over="ignore"):
        square, filled = (table**2).mean(axis=0), (table != 0).mean(axis=0)
        size = np.sqrt(square)
        where_filled = np.sqrt(square[filled > 0] / filled[filled > 0])
    usual = float(np.median(where_filled)) if len(where_filled) else 0.0
    drowns = (size > MUCH_LARGER * usual) & (size > LARGER_THAN_SCALED)
    large = (size > LARGE_COLUMN) | drowns
    remedy = "put a StandardScaler before the network."
    if evidence.estimator.__class__.__name__ == "RNNClassifier":
        remedy = "leave scaling at 'standard'."
    if large.any():
        order = np.argsort(-size)[: int(large.sum())]
        names = name_some([evidence.name_of_column(int(i)) for i in order])
        sentence = (
            f"X is not scaled: the size of column {names} is {size.max():.2g}, where a "
            f"network expects about 1; {remedy}"
        )
        return [Finding("unscaled columns", sentence)]
    norm = float(np.sqrt(np.median((table**2).sum(axis=1))))
    if 0 < norm < SMALL_ROW:
        sentence = (
            f"X is not scaled: half of its rows have a norm below {norm:.2g}, which is "
            f"small for the first layer; {remedy}"
        )
        return [Finding("unscaled columns", sentence)]
    return []
