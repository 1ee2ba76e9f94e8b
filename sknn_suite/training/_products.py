"""Matrix products of a layer: of one model, or of several side by side.

One model has matrices; several have a first axis of models. The numbers of each model
are those that it has alone, bit for bit: torch's batched products call the same kernel
of the BLAS for each matrix. For very small ones they have a loop of torch's own, and
for vectors other kernels than a single product, which add up in another order; there
each model has calls of its own. `tests/training/test_products.py` compares them. A GPU
sums batched products in an order of its own, and calls are what costs it time, so there
all products are batched; they agree with those of a single model to rounding.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from sknn_suite.modules import onednn_linear, suits_onednn

# With fewer multiply-adds torch multiplies batches of matrices by its own loop.
OWN_LOOP_WORK = 400

# Bytes of two of the widest vector registers, which is how much torch's elementwise
# functions take at once.
ALIGNMENT = 128


class Products(NamedTuple):
    """The products of a linear layer, for batches of one size.

    Parameters
    ----------
    affine : callable
        ``affine(bias, x, weight_t, out=...)`` returns ``x @ weight_t + bias``; it may
        use the memory `out`.
    weight_grad : callable
        ``weight_grad(delta_t, x, out=...)`` writes ``delta_t @ x`` to `out`.
    input_grad : callable
        ``input_grad(delta, weight, out=...)`` returns ``delta @ weight``; it may use
        the memory `out`.

    Shape
    -----
    bias : (n_outputs,), or of several models (n_models, 1, n_outputs)
    x : (..., n_samples, n_inputs)
    delta : (..., n_samples, n_outputs)
    weight : (..., n_outputs, n_inputs)
    """

    affine: Callable[..., Tensor]
    weight_grad: Callable[..., object]
    input_grad: Callable[..., Tensor]

    @property
    def are_called_for_each(self) -> bool:
        """Whether each of several models has an affine product of its own."""
        return self.affine is _affine_of_each


ALONE = Products(torch.addmm, torch.mm, torch.mm)
STACKED = Products(torch.baddbmm, torch.bmm, torch.bmm)


def _affine_of_each(bias: Tensor, x: Tensor, weight_t: Tensor, out: Tensor) -> Tensor:
    for own_bias, rows, weight, result in zip(bias, x, weight_t, out):
        torch.addmm(own_bias[0], rows, weight, out=result)
    return out


class AffineOfEach:
    """Affine products of a layer, a call for each model, in memory that stays.

    The views of each model's weights are made once: for small layers they take longer
    than the products.

    Parameters
    ----------
    bias : Tensor of shape (n_models, 1, n_outputs)
    weight_t : Tensor of shape (n_models, n_inputs, n_outputs)
    out : Tensor of shape (n_models, n_samples, n_outputs)
    """

    def __init__(self, bias: Tensor, weight_t: Tensor, out: Tensor) -> None:
        self._each = list(zip(bias[:, 0], weight_t, out))
        self._out = out

    def __call__(self, x: Tensor) -> Tensor:
        """Return ``x @ weight_t + bias``; x is (n_models, n_samples, n_inputs)."""
        for (bias, weight_t, out), rows in zip(self._each, x):
            torch.addmm(bias, rows, weight_t, out=out)
        return self._out


def _product_of_each(a: Tensor, b: Tensor, out: Tensor) -> Tensor:
    for one, other, result in zip(a, b, out):
        torch.mm(one, other, out=result)
    return out


ONE_BY_ONE = Products(_affine_of_each, _product_of_each, _product_of_each)

# For a layer of one output: alone its values are a product with a vector.
STACKED_VECTORS = Products(_affine_of_each, torch.bmm, torch.bmm)


def _affine_by_onednn(
    bias: Tensor, x: Tensor, weight_t: Tensor, out: Tensor | None
) -> Tensor:
    return onednn_linear(x, weight_t.t(), bias)


def _weight_grad_by_onednn(delta_t: Tensor, x: Tensor, out: Tensor) -> None:
    # oneDNN is faster with the narrower factor first.
    if delta_t.shape[0] > x.shape[1]:
        out.copy_(onednn_linear(x.t(), delta_t).t())
    else:
        out.copy_(onednn_linear(delta_t, x.t()))


def _input_grad_by_onednn(delta: Tensor, weight: Tensor, out: Tensor) -> Tensor:
    return onednn_linear(delta, weight.t())


BY_ONEDNN = Products(_affine_by_onednn, _weight_grad_by_onednn, _input_grad_by_onednn)


def choose_products(weight: Tensor, n_rows: int) -> Products:
    """Choose the products of a layer with `weight` for batches of `n_rows` rows."""
    if weight.dim() == 2:
        return BY_ONEDNN if suits_onednn(n_rows, weight) else ALONE
    if weight.device.type != "cpu":
        return STACKED
    _, n_outputs, n_inputs = weight.shape
    if n_rows * n_outputs * n_inputs < OWN_LOOP_WORK or n_inputs == 1:
        return ONE_BY_ONE
    return STACKED_VECTORS if n_outputs == 1 else STACKED


def empty_rows(like: Tensor, n_models: int, *shape: int) -> Tensor:
    """Memory for each of several models, with a gap between them.

    Across the gap, torch's elementwise functions treat each model's numbers as a run of
    its own, with the same remainder at its end as when the model is alone. Each begins
    at an aligned address as it does alone: where MKL has AVX2 and nothing wider, its
    sums depend on that.

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
