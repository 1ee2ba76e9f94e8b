"""Tables of numbers to tensors."""

import numpy as np
import torch
from scipy import sparse

from sknn_suite.encoding import TableEncoder

X = np.arange(12.0).reshape(4, 3)


def test_the_width_is_learnt_from_training_rows():
    assert TableEncoder().fit(X, torch.tensor([0, 1])).n_features_ == 3


def test_memory_is_shared_where_the_type_is_right():
    encoder = TableEncoder().fit(X)
    x = encoder.transform(X, torch.float64).inputs["x"]
    assert x.data_ptr() == X.ctypes.data
    assert encoder.transform(X, torch.float32).inputs["x"].dtype == torch.float32


def test_sparse_rows_stay_sparse():
    rows = sparse.csr_array(X)
    bundle = TableEncoder().fit(rows).transform(rows, torch.float64)
    assert not bundle.is_dense
    np.testing.assert_array_equal(bundle.inputs["x"][:].to_dense(), X)
