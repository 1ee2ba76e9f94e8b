"""Encode tables of mixed columns as numbers, and back."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from sknn_suite.doors import RawColumn
from sknn_suite.encoding._column_scores import ColumnScores
from sknn_suite.exceptions import DataError

# Categories of a column with a place of their own; rarer ones are never made.
MOST_CATEGORIES = 100


class NumberColumn:
    """A column of numbers or dates: its score, and whether there is a gap.

    Attributes
    ----------
    has_gaps_ : bool
        Whether values are missing.
    is_whole_ : bool
        Whether all values are whole, so that made ones are too.
    """

    has_gaps_: bool
    is_whole_: bool

    def fit(self, values: np.ndarray, weight: np.ndarray | None) -> "NumberColumn":
        """Learn from the values, NaN for gaps."""
        gaps = np.isnan(values)
        there = values[~gaps]
        self.has_gaps_ = bool(gaps.any())
        self.is_whole_ = bool((there == np.floor(there)).all())
        given = None if weight is None else weight[~gaps]
        if not len(there) or (given is not None and not given.any()):
            there, given = np.zeros(1), None
        self._scores = ColumnScores().fit(there, given)
        return self

    def numbers(self, values: np.ndarray) -> np.ndarray:
        """Scores, zero in gaps."""
        return np.where(
            np.isnan(values), 0.0, self._scores.transform(np.nan_to_num(values))
        )

    @property
    def block(self) -> int:
        """Columns of the one-hot block."""
        return 2 if self.has_gaps_ else 0

    def codes(self, values: np.ndarray) -> np.ndarray:
        """Which column of the block is 1."""
        return np.isnan(values).astype(int)

    def values(self, scores: np.ndarray, codes: np.ndarray | None) -> np.ndarray:
        """Values from scores and codes."""
        values = self._scores.inverse_transform(scores)
        if self.is_whole_:
            values = np.rint(values)
        return values if codes is None else np.where(codes == 1, np.nan, values)


class CategoryColumn:
    """A column of words, categories or booleans: one of a block is 1.

    A gap is a category too.

    Attributes
    ----------
    categories_ : list
        The values that have a place, most frequent first.
    """

    categories_: list[Any]

    def fit(self, values: np.ndarray, weight: np.ndarray | None) -> "CategoryColumn":
        """Learn from the values, None or NaN for gaps."""
        counts: dict[Any, float] = {}
        weights = np.ones(len(values)) if weight is None else weight
        for value, w in zip(map(_hashable, values.tolist()), weights.tolist()):
            counts[value] = counts.get(value, 0.0) + w
        self.n_different_ = len(counts)
        ordered = sorted(counts, key=lambda v: (-counts[v], str(v)))
        self.categories_ = ordered[:MOST_CATEGORIES]
        self._places = {v: i for i, v in enumerate(self.categories_)}
        self._dtype = values.dtype
        return self

    @property
    def block(self) -> int:
        """Columns of the one-hot block."""
        return len(self.categories_)

    def codes(self, values: np.ndarray) -> np.ndarray:
        """Which column of the block is 1; -1 for values without a place."""
        return np.array([self._places.get(_hashable(v), -1) for v in values.tolist()])

    def values(self, codes: np.ndarray) -> np.ndarray:
        """Values from codes."""
        known = np.empty(len(self.categories_), dtype=self._dtype)
        known[:] = [np.nan if v is None else v for v in self.categories_]
        if self._dtype.kind == "O":
            known[[i for i, v in enumerate(self.categories_) if v is None]] = None
        return known[codes]


class ReversibleTable:
    """Encode mixed columns as numbers that can be mixed, made, and decoded.

    Numbers and dates become scores; categories, booleans and gaps become one-hot
    blocks, which follow the scores. Decoded values are in the range of their column,
    whole where all of it is, and categories are those that exist.

    Attributes
    ----------
    n_numbers_ : int
        Number of scores.
    block_sizes_ : list of int
        Columns of each one-hot block.

    Shape
    -----
    columns : n_columns of (n_samples,)
    x : (n_samples, n_outputs), float32

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_suite.doors import RawColumn
    >>> from sknn_suite.encoding import ReversibleTable
    >>> ages = RawColumn("age", "number", np.array([20.0, 40.0, np.nan]), "int")
    >>> kinds = RawColumn("kind", "words", np.array(["a", "b", "a"], object), "str")
    >>> table = ReversibleTable().fit([ages, kinds])
    >>> x = table.transform([ages, kinds])
    >>> x.shape, [column.tolist() for column in table.inverse_transform(x)]
    ((3, 5), [[20.0, 40.0, nan], ['a', 'b', 'a']])
    """

    n_numbers_: int
    block_sizes_: list[int]

    def fit(
        self, columns: Sequence[RawColumn], weight: np.ndarray | None = None
    ) -> "ReversibleTable":
        """Learn from the columns of the training rows.

        Raises
        ------
        DataError
            If a column holds texts, or what no table of cells holds.
        """
        self._columns: list[NumberColumn | CategoryColumn] = []
        for column in columns:
            if column.type in ("number", "date"):
                values = np.asarray(column.values, np.float64)
                self._columns.append(NumberColumn().fit(values, weight))
            elif column.type in ("words", "boolean"):
                kind = CategoryColumn().fit(column.values, weight)
                _refuse_texts(column, kind.n_different_)
                self._columns.append(kind)
            else:
                raise DataError(
                    f"Column {column.name!r} of X has dtype {column.dtype}, of which "
                    "no rows can be made. Expected numbers, dates, booleans or "
                    "categories. Drop the column."
                )
        self.n_numbers_ = sum(isinstance(c, NumberColumn) for c in self._columns)
        self.block_sizes_ = [c.block for c in self._columns if c.block]
        return self

    @property
    def n_outputs(self) -> int:
        """Number of encoded columns."""
        return self.n_numbers_ + sum(self.block_sizes_)

    def transform(self, columns: Sequence[RawColumn]) -> np.ndarray:
        """Encode rows."""
        x = np.zeros((len(columns[0].values), self.n_outputs), dtype=np.float32)
        number, first = 0, self.n_numbers_
        for column, kind in zip(columns, self._columns):
            if isinstance(kind, NumberColumn):
                x[:, number] = kind.numbers(np.asarray(column.values, np.float64))
                number += 1
            if kind.block:
                codes = kind.codes(column.values)
                rows = np.flatnonzero(codes >= 0)
                x[rows, first + codes[rows]] = 1
            first += kind.block
        return x

    def inverse_transform(self, x: np.ndarray) -> list[np.ndarray]:
        """Decode rows, column by column; the largest of each block is taken for 1."""
        values: list[np.ndarray] = []
        number, first = 0, self.n_numbers_
        for kind in self._columns:
            codes = None
            if kind.block:
                codes = x[:, first : first + kind.block].argmax(axis=1)
            if isinstance(kind, NumberColumn):
                values.append(kind.values(np.asarray(x[:, number], np.float64), codes))
                number += 1
            else:
                assert codes is not None  # a category has at least one value
                values.append(kind.values(codes))
            first += kind.block
        return values


def _hashable(value: Any) -> Any:
    """Return None for each kind of gap."""
    return None if value is None or value != value else value


def _refuse_texts(column: RawColumn, n_different: int) -> None:
    n_rows = len(column.values)
    if n_different <= MOST_CATEGORIES or n_different <= n_rows / 2:
        return
    raise DataError(
        f"Column {column.name!r} of X has {n_different} different texts in {n_rows} "
        "rows, and there is no text between two texts. Expected categories, which "
        "repeat. Drop the column, or copy rows: AnyShape(RandomOverSampler())."
    )
