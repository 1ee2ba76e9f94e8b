"""Encode tables of numbers, dense or sparse, as tensors."""

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from sknn_suite.data import SparseRows, TensorBundle, as_tensor


class TableEncoder:
    """Encode a table as the tensor ``x``; memory is shared if the type is the same.

    Attributes
    ----------
    n_features_ : int
        Number of columns.

    Shape
    -----
    X : (n_samples, n_features), dense or CSR
    x : the same

    Examples
    --------
    >>> import numpy as np, torch
    >>> from sknn_suite.encoding import TableEncoder
    >>> X = np.ones((2, 3))
    >>> TableEncoder().fit(X).transform(X, torch.float32).inputs["x"].shape
    torch.Size([2, 3])
    """

    n_features_: int

    def fit(
        self,
        X: "np.ndarray | sparse.csr_array",
        rows: Tensor | None = None,
        weight: np.ndarray | None = None,
    ) -> "TableEncoder":
        """Learn the number of columns."""
        self.n_features_ = X.shape[1]
        return self

    def transform(
        self, X: "np.ndarray | sparse.csr_array", dtype: torch.dtype
    ) -> TensorBundle:
        """Encode rows as tensors of type `dtype`."""
        if sparse.issparse(X):
            return TensorBundle({"x": SparseRows.from_scipy(X, dtype)})
        return TensorBundle({"x": as_tensor(X, dtype)})
