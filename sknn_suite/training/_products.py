"""Matrix products of one model, or of several side by side.

One model has matrices; several have a first axis of models. The numbers of each model
are those that it has alone, bit for bit: torch's batched products call the same kernel
of the BLAS for each matrix, and only for very small ones a loop of torch's own, which
adds up in another order. `tests/training/test_products.py` compares them.
"""

import torch
from torch import Tensor

from sknn_suite.modules import onednn_linear

# With fewer multiply-adds torch multiplies batches of matrices by its own loop.
OWN_LOOP_WORK = 400

# Bytes of two of the widest vector registers, in which torch treats elementwise
# functions; rows that begin at multiples of this never share a cache line.
ALIGNMENT = 128


def affine(bias: Tensor, x: Tensor, weight_t: Tensor, out: Tensor | None) -> Tensor:
    """Compute ``x @ weight_t + bias``.

    Shape
    -----
    bias : (n_outputs,), or of several models (n_models, 1, n_outputs)
    x : (..., n_samples, n_inputs)
    weight_t : (..., n_inputs, n_outputs)
    returns : (..., n_samples, n_outputs)
    """
    if x.dim() == 2:
        return torch.addmm(bias, x, weight_t, out=out)
    if x[0].numel() * weight_t.shape[-1] >= OWN_LOOP_WORK:
        return torch.baddbmm(bias, x, weight_t, out=out)
    assert out is not None  # several models always write to memory of their own
    for own_bias, rows, weight, result in zip(bias, x, weight_t, out):
        torch.addmm(own_bias[0], rows, weight, out=result)
    return out


def product(a: Tensor, b: Tensor, out: Tensor) -> Tensor:
    """Compute ``a @ b``.

    Shape
    -----
    a : (..., n, k)
    b : (..., k, m)
    returns : (..., n, m)
    """
    if a.dim() == 2:
        return torch.mm(a, b, out=out)
    if a[0].numel() * b.shape[-1] >= OWN_LOOP_WORK:
        return torch.bmm(a, b, out=out)
    for one, other, result in zip(a, b, out):
        torch.mm(one, other, out=result)
    return out


def write_product(delta: Tensor, x: Tensor, out: Tensor) -> None:
    """Write ``delta.T @ x``; oneDNN is faster with the narrower factor first."""
    if delta.shape[1] > x.shape[1]:
        out.copy_(onednn_linear(x.t(), delta.t()).t())
    else:
        out.copy_(onednn_linear(delta.t(), x.t()))


def empty_rows(like: Tensor, n_models: int, *shape: int) -> Tensor:
    """Memory for each of several models, on its own cache lines.

    With a gap between them, torch's elementwise functions treat each model's numbers as
    one run, with the same remainder at its end as when it is alone.

    Returns
    -------
    Tensor of shape (n_models, *shape)
        Views of the memory.
    """
    n = 1
    for length in shape:
        n *= length
    line = ALIGNMENT // like.element_size()
    row = -(-n // line) * line
    return like.new_empty(n_models, row)[:, :n].unflatten(1, shape)
