"""Which rows each member of an ensemble leaves out, to be judged by them."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Folds:
    """Rows in parts; each member learns from all parts but one.

    Parameters
    ----------
    of_rows : ndarray of shape (n_rows,)
        Number of the part of each row; -1 for rows in none.
    n_folds, n_members : int
        Parts, and members; member m leaves out the part m modulo `n_folds`.
    """

    of_rows: np.ndarray
    n_folds: int
    n_members: int

    @property
    def is_held_out(self) -> np.ndarray:
        """Whether each member leaves out each row, (n_rows, n_members)."""
        own = np.arange(self.n_members) % self.n_folds
        return self.of_rows[:, None] == own

    def among(self, rows: np.ndarray, n_rows: int) -> "Folds":
        """Return the folds of `rows` as folds of all `n_rows` rows."""
        of_rows = np.full(n_rows, -1)
        of_rows[rows] = self.of_rows
        return Folds(of_rows, self.n_folds, self.n_members)

    def weights(
        self, weight: Tensor | None, dtype: torch.dtype, *, held_out: bool
    ) -> Tensor:
        """Weight of each row for each member: in training, or among those left out."""
        counts = torch.as_tensor(self.is_held_out == held_out).to(dtype)
        return counts if weight is None else counts * weight[:, None]


def draw_folds(
    n_folds: int,
    n_members: int,
    n_rows: int,
    strata: np.ndarray | None,
    groups: np.ndarray | None,
    random_state: np.random.RandomState,
) -> Folds:
    """Draw folds that share out classes evenly, or that keep groups together.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_suite.tabular._folds import draw_folds
    >>> folds = draw_folds(2, 4, 6, np.array([0, 0, 0, 0, 1, 1]), None,
    ...                    np.random.RandomState(0))
    >>> np.bincount(folds.of_rows[:4]).tolist(), np.bincount(folds.of_rows[4:]).tolist()
    ([2, 2], [1, 1])
    """
    if groups is not None:
        names, groups = np.unique(groups, return_inverse=True)
        own = random_state.permutation(len(names)) % n_folds
        return Folds(own[groups], n_folds, n_members)
    order = random_state.permutation(n_rows)
    if strata is not None:
        order = order[np.argsort(strata[order], kind="stable")]
    of_rows = np.empty(n_rows, dtype=np.int64)
    of_rows[order] = np.arange(n_rows) % n_folds
    return Folds(of_rows, n_folds, n_members)
