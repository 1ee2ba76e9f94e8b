"""Encode tables of mixed columns as tensors."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from sknn_suite.data import Column, ColumnTable, TensorBundle, as_tensor
from sknn_suite.encoding._categories import CategoryColumns
from sknn_suite.encoding._column_kinds import ColumnKinds, as_kind, find_kinds
from sknn_suite.encoding._dates import DateColumns
from sknn_suite.encoding._numbers import NumberColumns
from sknn_suite.encoding._strings import StringColumns

# Columns with up to this many codes are one-hot; more are embedded.
MOST_ONE_HOT = 10


class MixedTableEncoder:
    """Encode columns of numbers, categories, dates and strings.

    All is learnt from the training rows, in float64: seconds since 1970 keep their
    seconds. A row is encoded by itself.

    Parameters
    ----------
    given : mapping of str to str, default=None
        Kinds of columns that the user has chosen, by name.
    texts : {"ngrams", "drop"}, default="ngrams"
        Whether texts are read.

    Attributes
    ----------
    kinds_ : ColumnKinds
        Kind of each column.

    Shape
    -----
    numbers : (n_samples, n_numbers), to be embedded
    flags : (n_samples, n_flags), zeros and ones, and directions of texts
    choices : (n_samples, n_choices), int64, codes that become one-hot
    codes : (n_samples, n_codes), int64, codes that are embedded

    Examples
    --------
    >>> import torch
    >>> from sknn_suite.data import ColumnTable, column_of_words
    >>> from sknn_suite.encoding import MixedTableEncoder
    >>> table = ColumnTable((column_of_words("kind", ["a", "b", "a", "b"] * 3),))
    >>> encoder = MixedTableEncoder().fit(table)
    >>> encoder.kinds_
    category: kind
    >>> encoder.transform(table, torch.float32).inputs["choices"][:2].tolist()
    [[1], [2]]
    """

    kinds_: ColumnKinds

    def __init__(
        self, given: Mapping[str, str] | None = None, texts: str = "ngrams"
    ) -> None:
        self.given = dict(given or {})
        self.texts = texts

    def fit(
        self,
        X: ColumnTable,
        rows: Tensor | None = None,
        weight: np.ndarray | None = None,
    ) -> "MixedTableEncoder":
        """Learn from the training rows, all if None."""
        if rows is not None:
            X = X[rows.numpy()]
            weight = None if weight is None else weight[rows.numpy()]
        self.kinds_ = find_kinds(X.columns, self.given, self.texts)
        self.dates_ = DateColumns().fit(_stack(self._read(X, "date")))
        numbers = self._numbers(X)
        self.numbers_ = NumberColumns().fit(numbers, weight)
        self.strings_ = StringColumns().fit(self._read(X, "text"))
        columns = self._read(X, "category")
        self.categories_ = CategoryColumns().fit(columns, weight)
        sizes = np.array(self.categories_.sizes, dtype=np.int64)
        self.is_choice_ = sizes <= MOST_ONE_HOT
        return self

    @property
    def config(self) -> dict:
        """What a network must know of the inputs."""
        sizes = np.array(self.categories_.sizes, dtype=np.int64)
        n_flags = self.numbers_.n_flags + self.strings_.n_numbers
        return {
            "n_numbers": self.numbers_.n_numbers,
            "n_flags": n_flags,
            "n_choices": tuple(sizes[self.is_choice_].tolist()),
            "n_codes": tuple(sizes[~self.is_choice_].tolist()),
        }

    def transform(self, X: ColumnTable, dtype: torch.dtype) -> TensorBundle:
        """Encode rows as tensors of type `dtype`, and codes as int64."""
        numbers, flags = self.numbers_.transform(self._numbers(X))
        texts = self._read(X, "text")
        if texts:
            flags = np.hstack([flags, self.strings_.transform(texts)])
        codes = np.zeros((len(X), 0), dtype=np.int64)
        columns = self._read(X, "category")
        if columns:
            codes = self.categories_.transform(columns)
        return TensorBundle(
            {
                "numbers": as_tensor(numbers, dtype),
                "flags": as_tensor(flags, dtype),
                "choices": as_tensor(codes[:, self.is_choice_]),
                "codes": as_tensor(codes[:, ~self.is_choice_]),
            }
        )

    def plain(self, X: ColumnTable) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Codes of categories, numbers as they are, and directions of texts."""
        codes = np.zeros((len(X), 0), dtype=np.int64)
        columns, texts = self._read(X, "category"), self._read(X, "text")
        if columns:
            codes = self.categories_.transform(columns)
        found = self.strings_.transform(texts) if texts else np.zeros((len(X), 0))
        return codes, self._numbers(X), found

    def empty_rows(self, n_rows: int, n_steps: int = 1) -> ColumnTable:
        """Make rows without a single value, for looking at a network."""
        gaps, none = np.full(n_rows, np.nan), np.array([], dtype=object)
        columns = []
        for name, kind in self.kinds_.items():
            column = Column(name, "date" if kind == "date" else "number", gaps)
            if kind in ("category", "text"):
                column = Column(name, "words", np.full(n_rows, -1), none)
            columns.append(column)
        return ColumnTable(tuple(columns))

    @property
    def origins(self) -> dict[str, list[int]]:
        """Number of the column of X behind each column of each input."""

        def of(*kinds: str) -> list[int]:
            return [i for i, kind in enumerate(self.kinds_.values()) if kind in kinds]

        plain, dates = of("number", "boolean"), of("date")
        for i, parts in zip(dates, self.dates_.parts_):
            plain += [i] * len(parts)
        numbers, of_numbers = self.numbers_, np.array(plain, dtype=np.int64)
        sizes = [d.shape[1] for d in self.strings_.directions_]
        texts = np.repeat(of("text"), sizes).astype(np.int64)
        categories = np.array(of("category"), dtype=np.int64)
        found = {
            "numbers": [of_numbers[~numbers.is_plain_], of_numbers[numbers.heavy_]],
            "flags": [
                of_numbers[numbers.is_plain_],
                of_numbers[numbers.has_gaps_],
                of_numbers[numbers.mostly_one_],
                texts,
            ],
            "choices": [categories[self.is_choice_]],
            "codes": [categories[~self.is_choice_]],
        }
        return {name: np.concatenate(parts).tolist() for name, parts in found.items()}

    def _read(self, X: ColumnTable, *kinds: str) -> list[Column]:
        """Columns of some kinds, with the values that these kinds read."""
        found = zip(X.columns, self.kinds_.values())
        return [as_kind(column, kind) for column, kind in found if kind in kinds]

    def _numbers(self, X: ColumnTable) -> np.ndarray:
        """Numbers, booleans and parts of dates."""
        dates = self.dates_.transform(_stack(self._read(X, "date"), len(X)))
        plain = _stack(self._read(X, "number", "boolean"), len(X))
        return np.hstack([plain, dates])


def _stack(columns: list[Column], n_rows: int = 0) -> np.ndarray:
    """Values of columns side by side."""
    if not columns:
        return np.empty((n_rows, 0))
    return np.stack([column.values for column in columns], axis=1)
