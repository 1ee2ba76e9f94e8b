"""Codes of categories: rare ones together, gaps as a category of their own."""

import numpy as np

from sknn_suite.data import Column

# A level with fewer rows teaches nothing by itself.
FEWEST_ROWS = 3

# The most frequent levels of a column that have codes of their own.
MOST_LEVELS = 2000

# The code of rare levels, and of those that training has not seen.
RARE = 0


class CategoryColumns:
    """Codes of the levels of each column, the most frequent first.

    Code 0 is for rare and unknown levels; gaps have a code of their own if training
    rows had some.

    Attributes
    ----------
    levels_ : list of list of str
        Levels of each column, in the order of their codes, from 1.
    code_of_gap_ : list of int
        Code of gaps, 0 where training had none.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_suite.data import column_of_words
    >>> from sknn_suite.encoding import CategoryColumns
    >>> column = column_of_words("kind", ["a", "b", None, "b", "c"] * 9 + ["d"])
    >>> columns = CategoryColumns().fit([column])
    >>> columns.levels_
    [['b', 'a', 'c']]
    >>> columns.transform([column[-6:]]).ravel().tolist()
    [2, 1, 4, 1, 3, 0]
    """

    levels_: list[list[str]]
    code_of_gap_: list[int]

    def fit(
        self, columns: list[Column], weight: np.ndarray | None = None
    ) -> "CategoryColumns":
        """Learn from columns of words."""
        self.levels_, self.code_of_gap_ = [], []
        for column in columns:
            assert column.levels is not None
            known = column.values >= 0
            times = np.bincount(column.values[known], minlength=len(column.levels))
            # Equally frequent levels are in the order of the alphabet.
            order = np.argsort(-times, kind="stable")[:MOST_LEVELS]
            fewest = min(FEWEST_ROWS, max(len(known) // 10, 1))
            kept = [i for i in order if times[i] >= fewest]
            self.levels_.append([str(column.levels[i]) for i in kept])
            self.code_of_gap_.append(0 if known.all() else len(kept) + 1)
        return self

    @property
    def sizes(self) -> list[int]:
        """Number of codes of each column."""
        return [
            len(levels) + 1 + (gap > 0)
            for levels, gap in zip(self.levels_, self.code_of_gap_)
        ]

    def transform(self, columns: list[Column]) -> np.ndarray:
        """Codes of rows, (n_samples, n_columns)."""
        n_rows = len(columns[0].values) if columns else 0
        codes = np.zeros((n_rows, len(columns)), dtype=np.int64)
        for j, column in enumerate(columns):
            assert column.levels is not None
            code_of = {level: i for i, level in enumerate(self.levels_[j], 1)}
            table = np.full(len(column.levels) + 1, self.code_of_gap_[j])
            table[:-1] = [code_of.get(level, RARE) for level in column.levels]
            codes[:, j] = table[column.values]  # -1 is the last
        return codes
