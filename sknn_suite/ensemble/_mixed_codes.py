"""MixedCodes: mixed tables as matrices, for trees and for linear models."""

from typing import Any

import numpy as np
import torch
from scipy import sparse
from sklearn.base import BaseEstimator

from sknn_suite.data import ColumnTable
from sknn_suite.encoding import MixedTableEncoder

# Trees split this many codes as categories; more are numbers, by their frequency.
MOST_CODES = 250


class MixedCodes(BaseEstimator):
    """From columns of mixed kinds to a matrix.

    Parameters
    ----------
    form : {"trees", "line"}
        Trees get codes of categories first, then numbers as they are, NaN for gaps.
        Linear models get scaled numbers, flags and one column per category, sparse.
    given : dict of str to str or None
        Kinds of columns that are known.

    Attributes
    ----------
    encoder_ : MixedTableEncoder
        What was learnt of the columns.
    """

    encoder_: MixedTableEncoder

    def __init__(
        self, form: str = "trees", given: dict[str, str] | None = None
    ) -> None:
        self.form = form
        self.given = given

    def fit(self, X: ColumnTable, weight: np.ndarray | None = None) -> "MixedCodes":
        """Learn from training rows."""
        self.encoder_ = MixedTableEncoder(self.given).fit(X, weight=weight)
        return self

    @property
    def n_categories(self) -> int:
        """Number of first columns that trees split as categories."""
        return int((np.array(self.encoder_.categories_.sizes) <= MOST_CODES).sum())

    def transform(self, X: ColumnTable) -> Any:
        """Matrix of rows; that for linear models is sparse."""
        if self.form == "line":
            return self._for_lines(X)
        codes, numbers, texts = self.encoder_.plain(X)
        few = np.array(self.encoder_.categories_.sizes, dtype=int) <= MOST_CODES
        parts = [codes[:, few], codes[:, ~few], numbers, texts]
        return np.hstack([part.astype(np.float64) for part in parts])

    def _for_lines(self, X: ColumnTable) -> Any:
        inputs = self.encoder_.transform(X, torch.float64).inputs
        dense = np.hstack([inputs["numbers"].numpy(), inputs["flags"].numpy()])
        config = self.encoder_.config
        parts = [sparse.csr_array(dense)]
        for name in ("choices", "codes"):
            for codes, size in zip(inputs[name].numpy().T, config[f"n_{name}"]):
                parts.append(_one_hot(codes, size))
        return sparse.hstack(parts, format="csr")


def _one_hot(codes: np.ndarray, size: int) -> sparse.csr_array:
    rows = np.arange(len(codes) + 1)
    return sparse.csr_array((np.ones(len(codes)), codes, rows), (len(codes), size))
