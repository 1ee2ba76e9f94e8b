"""Backpropagation through a plain MLP, written out.

For small nets autograd's bookkeeping takes as long as the arithmetic. The passes below
write gradients straight into the flat buffer, and give the same numbers;
`tests/training/test_backprop.py` compares them with autograd. Whatever is not a plain
MLP (dropout, batch norm, other activations, sparse rows) goes through autograd.

In mixed precision the weights are cast to bfloat16 once a step, and the gradients back,
each as one flat buffer; activations stay in bfloat16, and scores, loss and the
optimiser's input are float32. Each step reuses the memory of the hidden layers: new
memory costs a small net more than the arithmetic.
"""

from typing import Any

import torch
from torch import Tensor, nn

from sknn_suite.data import TensorBundle
from sknn_suite.doors import derive_relu, derive_sigmoid, derive_tanh
from sknn_suite.losses import Loss
from sknn_suite.modules import IN_PLACE, MLP, onednn_linear, suits_onednn
from sknn_suite.training._flat import FlatParameters

# Gradient before an activation, from its output and the gradient after it, in place.
_DERIVE: dict[str, Any] = {
    "identity": None,
    "logistic": derive_sigmoid,
    "tanh": derive_tanh,
    "relu": derive_relu,
}


class Layer:
    """A linear layer of the net: views of its weights and gradients.

    Parameters
    ----------
    linear : nn.Linear
        The layer; its parameters have gradients.
    flat, low, low_grad : Tensor
        The flat float buffer, and the bfloat16 ones or None.
    """

    def __init__(
        self,
        linear: nn.Linear,
        flat: Tensor,
        low: Tensor | None,
        low_grad: Tensor | None,
    ) -> None:
        self.weight, self.bias = linear.weight.detach(), linear.bias.detach()
        self.weight_grad: Any = linear.weight.grad
        self.bias_grad: Any = linear.bias.grad
        if low is not None and low_grad is not None:
            self.weight = _same_place(linear.weight, flat, low)
            self.bias = _same_place(linear.bias, flat, low)
            self.weight_grad = _same_place(linear.weight, flat, low_grad)
        self.weight_t = self.weight.t()


def _same_place(parameter: Tensor, flat: Tensor, other: Tensor) -> Tensor:
    """View of `other` where `parameter` is in `flat`."""
    start = (parameter.data_ptr() - flat.data_ptr()) // parameter.element_size()
    return other[start : start + parameter.numel()].view(parameter.shape)


class Workspace:
    """Memory of the hidden layers for batches of one size.

    Parameters
    ----------
    layers : list of Layer
        All layers.
    n_rows : int
        Rows of a batch.
    """

    def __init__(self, layers: list[Layer], n_rows: int) -> None:
        def empty(width: int) -> Tensor:
            return layers[0].weight.new_empty(n_rows, width)

        widths = [len(layer.bias) for layer in layers[:-1]]
        self.by_onednn = [suits_onednn(n_rows, layer.weight) for layer in layers]
        self.outputs = [empty(width) for width in widths]
        self.deltas = [empty(width) for width in widths]


class Backprop:
    """Loss and gradients of a plain MLP.

    Parameters
    ----------
    module : MLP
        The module; ``parameter.grad`` of each parameter must exist.
    loss : Loss
        A loss that computes its gradient (`Loss.value_and_gradient`).
    flat : FlatParameters
        The buffers of the module's parameters and gradients.
    mixed : bool, default=False
        Whether products are in bfloat16.
    """

    def __init__(
        self, module: MLP, loss: Loss, flat: FlatParameters, mixed: bool = False
    ) -> None:
        self.flat = flat
        self.low = flat.data.to(torch.bfloat16) if mixed else None
        self.low_grad = None if self.low is None else torch.zeros_like(self.low)
        linears: Any = module.linears
        self.layers = [
            Layer(linear, flat.data, self.low, self.low_grad) for linear in linears
        ]
        self.activate = IN_PLACE[module.activation_name]
        self.derive = _DERIVE[module.activation_name]
        self.loss = loss
        # For two sizes: that of all batches, and that of the last one.
        self.workspaces: dict[int, Workspace] = {}

    @staticmethod
    def supports(module: nn.Module, loss: Loss, batch: TensorBundle) -> bool:
        """Whether the passes written out here suit `module`."""
        return (
            type(module) is MLP
            and module.activation_name in _DERIVE
            and not (module.norms or module.dropouts)
            and loss.knows_gradient
            and batch.is_dense
            and all(p.requires_grad for p in module.parameters())
        )

    def __call__(
        self, x: Tensor, target: Tensor, weight: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Write the gradients; return the loss and the raw scores.

        Nothing here requires a gradient, so autograd may stay on.
        """
        if self.low is not None:
            self.low.copy_(self.flat.data)
            x = x.to(self.low.dtype)
        space = self._workspace(x.shape[0])
        outputs, raw = self._forward(x, space)
        value, delta = self.loss.value_and_gradient(raw, target, weight)
        self._backward(delta.to(x.dtype), outputs, space)
        return value, raw

    def _workspace(self, n_rows: int) -> Workspace:
        space = self.workspaces.get(n_rows)
        if space is None:
            if len(self.workspaces) == 2:
                self.workspaces.clear()
            space = self.workspaces[n_rows] = Workspace(self.layers, n_rows)
        return space

    def _forward(self, x: Tensor, space: Workspace) -> tuple[list[Tensor], Tensor]:
        """Compute the inputs of each layer, and the raw scores."""
        inputs = [x]
        *hidden, last = self.layers
        for layer, by_onednn, out in zip(hidden, space.by_onednn, space.outputs):
            if by_onednn:
                x = onednn_linear(x, layer.weight, layer.bias)
            else:
                x = torch.addmm(layer.bias, x, layer.weight_t, out=out)
            if self.activate is not None:
                self.activate(x)
            inputs.append(x)
        raw = torch.addmm(last.bias, x, last.weight_t)
        return inputs, raw.to(self.flat.data.dtype)

    def _backward(self, delta: Tensor, inputs: list[Tensor], space: Workspace) -> None:
        """Write the gradients, from the gradient of the raw scores."""
        deltas = [delta]
        for i in reversed(range(len(self.layers))):
            layer, by_onednn = self.layers[i], space.by_onednn[i]
            if by_onednn:
                _write_product(delta, inputs[i], layer.weight_grad)
            else:
                torch.mm(delta.t(), inputs[i], out=layer.weight_grad)
            if i > 0:
                if by_onednn:
                    delta = onednn_linear(delta, layer.weight_t)
                else:
                    delta = torch.mm(delta, layer.weight, out=space.deltas[i - 1])
                if self.derive is not None:
                    self.derive(delta, inputs[i])
                deltas.append(delta)
        if self.low_grad is not None:
            self.flat.grad.copy_(self.low_grad)
        for layer, delta in zip(self.layers, reversed(deltas)):
            torch.sum(delta, 0, dtype=layer.bias_grad.dtype, out=layer.bias_grad)


def _write_product(delta: Tensor, x: Tensor, out: Tensor) -> None:
    """Write ``delta.T @ x``; oneDNN is faster with the narrower factor first."""
    if delta.shape[1] > x.shape[1]:
        out.copy_(onednn_linear(x.t(), delta.t()).t())
    else:
        out.copy_(onednn_linear(delta.t(), x.t()))
