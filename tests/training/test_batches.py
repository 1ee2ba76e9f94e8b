"""Batches of a bundle, and sparse rows gathered as SciPy gathers them."""

import numpy as np
import pytest
import torch
from scipy import sparse
from sklearn.utils import shuffle

import sknn_suite.data._batches as batches_module
from sknn_suite.data import BundleBatches
from sknn_suite.data._bundle import SparseRows, TensorBundle, as_tensor


def make_bundle(n_rows=23, weighted=True):
    """Rows that tell their number."""
    x = torch.arange(n_rows).double()[:, None].repeat(1, 3)
    weight = torch.arange(n_rows).double() if weighted else None
    return TensorBundle({"x": x}, torch.arange(n_rows), weight)


def numbers(batch):
    """Row numbers of a batch; inputs, target and weight must agree on them."""
    got = batch.inputs["x"][:, 0].long()
    assert torch.equal(got, batch.target)
    if batch.weight is not None:
        assert torch.equal(got, batch.weight.long())
    return got.tolist()


@pytest.mark.parametrize("block_bytes", [1, 300, 1 << 21])
@pytest.mark.parametrize("seed", [None, 0])
@pytest.mark.parametrize("selected", [False, True])
@pytest.mark.parametrize("batch_size", [1, 5, 23, 24, 1000])
def test_every_row_comes_once_in_batches_of_the_size(
    batch_size, selected, seed, block_bytes, monkeypatch
):
    monkeypatch.setattr(batches_module, "BLOCK_BYTES", block_bytes)
    bundle = make_bundle()
    rows = torch.tensor([3, 1, 20, 7, 22, 0, 9]) if selected else None
    bundle = bundle.select(rows)
    random_state = None if seed is None else np.random.RandomState(seed)
    batches = BundleBatches(bundle, batch_size, random_state)
    for _ in range(3):
        parts = [numbers(batch) for batch in batches]
        assert len(parts) == len(batches)
        assert all(len(part) == min(batch_size, len(bundle)) for part in parts[:-1])
        seen = [number for part in parts for number in part]
        wanted = list(range(23)) if rows is None else rows.tolist()
        assert sorted(seen) == sorted(wanted)
        assert (seen == wanted) == (seed is None)


def test_the_order_is_scikit_learns():
    batches = BundleBatches(make_bundle(), 5, np.random.RandomState(4))
    random_state, order = np.random.RandomState(4), np.arange(23)
    for _ in range(3):
        order = shuffle(order, random_state=random_state)
        seen = [number for batch in batches for number in numbers(batch)]
        assert seen == list(order)


def test_batches_without_shuffling_share_memory_with_the_rows():
    bundle = make_bundle()
    for batch in BundleBatches(bundle, 5):
        storage = batch.inputs["x"].untyped_storage().data_ptr()
        assert storage == bundle.inputs["x"].untyped_storage().data_ptr()


def test_a_selection_of_a_selection_counts_in_the_first_rows():
    bundle = make_bundle().select(torch.arange(10, 20)).select(torch.tensor([0, 9]))
    assert len(bundle) == 2
    assert numbers(bundle.take(bundle.rows)) == [10, 19]


# -- sparse rows ---------------------------------------------------------------------


@pytest.fixture
def table():
    """Sparse, with empty rows, an empty column and explicit zeros."""
    X = sparse.random_array((30, 7), density=0.3, random_state=np.random.default_rng(0))
    X = X.tolil()
    X[[0, 13, 29]] = 0
    X[:, 4] = 0
    X = X.tocsr()
    X.data[::5] = 0
    return X


@pytest.mark.parametrize(
    "index", [[], [0], [5, 5, 5], list(range(30)), [29, 0, 13, 2], [7, 1] * 20]
)
def test_sparse_rows_are_gathered_as_scipy_does(table, index):
    rows = SparseRows.from_scipy(table, torch.float64)
    got = rows.index_select(0, torch.tensor(index, dtype=torch.int64))
    assert got.layout == torch.sparse_csr
    np.testing.assert_array_equal(got.to_dense(), table.toarray()[index])


@pytest.mark.parametrize("part", [slice(0, 5), slice(25, 99), slice(3, 3), slice(None)])
def test_a_slice_of_sparse_rows_is_that_of_the_dense_ones(table, part):
    rows = SparseRows.from_scipy(table, torch.float64)
    np.testing.assert_array_equal(rows[part].to_dense(), table.toarray()[part])
    assert rows.shape == table.shape


def test_sparse_batches_are_never_densified_and_hold_every_row(table):
    bundle = TensorBundle({"x": SparseRows.from_scipy(table, torch.float64)})
    batches = BundleBatches(bundle, 8, np.random.RandomState(0))
    parts = [batch.inputs["x"] for batch in batches]
    assert {part.layout for part in parts} == {torch.sparse_csr}
    together = np.concatenate([part.to_dense() for part in parts])
    np.testing.assert_array_equal(together, table.toarray()[batches.order])


def test_values_of_the_right_type_are_shared(table):
    rows = SparseRows.from_scipy(table, torch.float64)
    assert rows.values.data_ptr() == table.data.ctypes.data
    assert SparseRows.from_scipy(table, torch.float32).values.dtype == torch.float32


# -- arrays to tensors ---------------------------------------------------------------


def test_read_only_arrays_are_shared_without_a_warning():
    array = np.arange(6.0)
    array.flags.writeable = False
    assert as_tensor(array).data_ptr() == array.ctypes.data


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0)[::-1],
        np.arange(12.0).reshape(3, 4)[:, ::2],
        np.asfortranarray(np.arange(12.0).reshape(3, 4)),
        np.empty((0, 3)),
        np.float64(3),
    ],
    ids=["reversed", "strided", "Fortran order", "empty", "scalar"],
)
def test_any_layout_becomes_a_tensor_of_the_same_numbers(array):
    np.testing.assert_array_equal(as_tensor(array), array)
