"""Batches of several nets beside those of one."""

import numpy as np
import pytest
import torch

from sknn_suite.data import BundleBatches, TensorBundle
from sknn_suite.data import _batches as of_one
from sknn_suite.training import _stacked_batches as of_several
from sknn_suite.training._stacked_batches import StackedBatches

# Bytes at which addresses of rows are compared: MKL's AVX2 kernels look at the rest.
ALIGNMENT = 16


def batches_of(n_rows, n_columns, batch_size, seed, dtype):
    """Shuffled batches of one net."""
    x = torch.arange(n_rows * n_columns, dtype=dtype).view(n_rows, n_columns) + seed
    bundle = TensorBundle({"x": x}, x[:, 0].clone())
    return BundleBatches(bundle, batch_size, np.random.RandomState(seed))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("n_columns", [4, 9])
@pytest.mark.parametrize("batch_size", [8, 10, 37])
@pytest.mark.parametrize("block_bytes", [1, 4_000, 1 << 20])
def test_each_net_has_its_own_batches_at_addresses_that_kernels_treat_alike(
    monkeypatch, dtype, n_columns, batch_size, block_bytes
):
    monkeypatch.setattr(of_one, "BLOCK_BYTES", block_bytes)
    monkeypatch.setattr(of_several, "BLOCK_BYTES", block_bytes)
    sizes = (203, 203, 202)
    how = [(n, n_columns, batch_size, i, dtype) for i, n in enumerate(sizes)]
    # Blocks of one net are not those of several.
    single = [list(batches_of(*each)) for each in how]
    found = [[] for _ in sizes]
    for block in StackedBatches([batches_of(*each) for each in how]):
        for part in (part for step in block for part in step):
            for net in range(part.first, part.last):
                x, target = part.x[net - part.first], part.target[net - part.first]
                alone = single[net][len(found[net])]
                assert torch.equal(x, alone.inputs["x"])
                assert torch.equal(target, alone.target)
                addresses = x.data_ptr(), alone.inputs["x"].data_ptr()
                assert addresses[0] % ALIGNMENT == addresses[1] % ALIGNMENT
                found[net].append(len(x))
    assert [sum(own) for own in found] == list(sizes)
