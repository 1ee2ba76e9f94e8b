"""Checked rows: what a plan gets of the user's data."""

from typing import Any, NamedTuple

import numpy as np


class Rows(NamedTuple):
    """Checked rows: X as the encoder takes it, y and weight as arrays."""

    X: Any
    y: Any
    weight: np.ndarray | None

    @property
    def n(self) -> int:
        """Number of rows."""
        return self.X.shape[0]

    def take(self, index: np.ndarray) -> "Rows":
        """Choose rows."""
        return Rows(*(None if part is None else part[index] for part in self))


class Data(NamedTuple):
    """All rows of a call of fit.

    Parameters
    ----------
    rows : Rows
        The rows to train on, from which validation rows may be split off.
    held_out : Rows or None
        The user's own validation rows.
    groups : ndarray or None
        Label of each row; rows of one group stay together.
    home : str
        Array library and device of the user's X.
    """

    rows: Rows
    held_out: Rows | None
    groups: np.ndarray | None
    home: str
