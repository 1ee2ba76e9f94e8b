"""Products of several models against those of one, bit for bit."""

import pytest
import torch

from sknn_suite.training._products import (
    ALONE,
    ONE_BY_ONE,
    OWN_LOOP_WORK,
    STACKED,
    STACKED_VECTORS,
    choose_products,
    empty_rows,
)

# Rows, inputs and outputs of a layer: usual ones, odd ones, and very small ones.
SHAPES = [
    (200, 30, 100),
    (55, 30, 100),
    (200, 100, 1),
    (200, 100, 3),
    (200, 784, 32),
    (37, 101, 57),
    (64, 13, 33),
    (17, 7, 5),
    (1, 30, 100),
    (2, 11, 13),
    (3, 4, 5),
    (1, 100, 1),
    (1, 1, 1),
    # Products with vectors, in which torch's kernels differ.
    (128, 64, 1),
    (128, 100, 1),
    (200, 1, 100),
    (500, 1, 1),
]


@pytest.fixture(autouse=True)
def one_thread():
    """Use one thread, as a pack does."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_each_of_several_models_has_the_bits_of_one(shape, dtype):
    n_rows, n_in, n_out = shape
    like, generator = torch.empty(0, dtype=dtype), torch.Generator().manual_seed(0)

    def draw(*size):
        return empty_rows(like, 5, *size).normal_(generator=generator)

    # Weights begin anywhere in a buffer of parameters, and alone at the same place; so
    # do gradients. Some kernels look at addresses.
    buffer = draw(3 + n_out * n_in)
    weight = weights_in(buffer, n_out, n_in)
    bias, x, delta = draw(1, n_out), draw(n_rows, n_in), draw(n_rows, n_out)
    products = choose_products(weight, n_rows)
    if n_rows * n_in * n_out < OWN_LOOP_WORK or n_in == 1:
        assert products is ONE_BY_ONE
    else:
        assert products is (STACKED_VECTORS if n_out == 1 else STACKED)
    out = products.affine(bias, x, weight.mT, out=draw(n_rows, n_out))
    grad = weights_in(draw(3 + n_out * n_in), n_out, n_in)
    products.weight_grad(delta.mT, x, out=grad)
    back = products.input_grad(delta, weight, out=draw(n_rows, n_in))
    for i in range(5):
        own = weights_in(buffer[i].clone(), n_out, n_in)
        alone = ALONE.affine(bias[i, 0], x[i].clone(), own.t(), out=None)
        assert torch.equal(out[i], alone)
        own_grad = weights_in(torch.empty_like(buffer[i]), n_out, n_in)
        ALONE.weight_grad(delta[i].clone().t(), x[i].clone(), out=own_grad)
        assert torch.equal(grad[i], own_grad)
        assert torch.equal(back[i], delta[i] @ own)


def weights_in(buffer, n_out, n_in):
    """View of weights in a buffer, behind three other numbers."""
    return buffer[..., 3:].unflatten(-1, (n_out, n_in))


def test_memory_of_models_has_a_gap_or_no_remainder():
    for dtype in (torch.float32, torch.float64):
        for n in (1, 15, 16, 17, 32, 33):
            rows = empty_rows(torch.empty(0, dtype=dtype), 2, n)
            has_gap = rows.stride(0) > n
            assert has_gap or n % (64 // dtype.itemsize * 2) == 0


@pytest.mark.parametrize(("n_rows", "n_inputs", "n_outputs"), SHAPES)
def test_elsewhere_than_on_a_cpu_all_products_are_batched(n_rows, n_inputs, n_outputs):
    weight = torch.empty(4, n_outputs, n_inputs, device="meta")
    assert choose_products(weight, n_rows) is STACKED
