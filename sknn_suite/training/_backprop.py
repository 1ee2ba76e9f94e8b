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
from sknn_suite.modules import IN_PLACE, MLP
from sknn_suite.training._flat import FlatParameters
from sknn_suite.training._products import ALONE, choose_products, empty_rows

# Gradient before an activation, from its output and the gradient after it, in place.
DERIVE: dict[str, Any] = {
    "identity": None,
    "logistic": derive_sigmoid,
    "tanh": derive_tanh,
    "relu": derive_relu,
}


class Layer:
    """A linear layer of one net, or of several of one shape: weights and gradients.

    Parameters
    ----------
    linear : nn.Linear
        The layer of one net.
    flat : Tensor of shape (n_parameters,)
        The buffer that holds its parameters.
    data, grad : Tensor of shape (n_parameters,) or (n_models, n_parameters)
        Buffers in the order of `flat`, in the type of the products.
    bias_grad : Tensor
        The buffer for the gradients of biases.
    """

    def __init__(
        self,
        linear: nn.Linear,
        flat: Tensor,
        data: Tensor,
        grad: Tensor,
        bias_grad: Tensor,
    ) -> None:
        self.weight = _same_place(linear.weight, flat, data)
        self.weight_grad = _same_place(linear.weight, flat, grad)
        self.bias = _same_place(linear.bias, flat, data)
        self.bias_grad = _same_place(linear.bias, flat, bias_grad)
        self.weight_t = self.weight.mT
        self.n_inputs, self.n_outputs = linear.in_features, linear.out_features
        if data.dim() == 2:
            self.bias = self.bias.unsqueeze(1)  # one for all rows of a model


def _same_place(parameter: Tensor, flat: Tensor, other: Tensor) -> Tensor:
    """View of `other` where `parameter` is in `flat`."""
    start = (parameter.data_ptr() - flat.data_ptr()) // parameter.element_size()
    part = other[..., start : start + parameter.numel()]
    return part.unflatten(-1, parameter.shape)


class Workspace:
    """Memory of the layers for batches of one size.

    Parameters
    ----------
    layers : list of Layer
        All layers.
    n_rows : int
        Rows of a batch.
    """

    def __init__(self, layers: list[Layer], n_rows: int) -> None:
        like = layers[0].weight

        def empty(width: int) -> Tensor:
            if like.dim() == 2:
                return like.new_empty(n_rows, width)
            return empty_rows(like, len(like), n_rows, width)

        widths = [layer.n_outputs for layer in layers]
        self.products = [choose_products(layer.weight, n_rows) for layer in layers]
        self.outputs = [empty(width) for width in widths[:-1]]
        self.deltas = [empty(width) for width in widths[:-1]]
        # Callbacks may keep the scores of one net from batch to batch.
        self.raw = None if like.dim() == 2 else empty(widths[-1])
        self.last_affine = (ALONE if like.dim() == 2 else self.products[-1]).affine


class Backprop:
    """Loss and gradients of a plain MLP, or of several of one shape side by side.

    Parameters
    ----------
    module : MLP
        The module; of several, any one of them.
    loss : Loss
        A loss that computes its gradient (`Loss.value_and_gradient`).
    flat : FlatParameters
        The buffers of the module's parameters and gradients.
    mixed : bool, default=False
        Whether products are in bfloat16.
    stack : tuple of two Tensors of shape (n_models, n_parameters), default=None
        Parameters and gradients of several models; None for those of the module alone.
    """

    def __init__(
        self,
        module: MLP,
        loss: Loss,
        flat: FlatParameters,
        mixed: bool = False,
        stack: tuple[Tensor, Tensor] | None = None,
    ) -> None:
        self.data, self.grad = (flat.data, flat.grad) if stack is None else stack
        self.low = self.data.to(torch.bfloat16) if mixed else None
        self.low_grad = None if self.low is None else torch.zeros_like(self.low)
        data = self.data if self.low is None else self.low
        grad = self.grad if self.low_grad is None else self.low_grad
        linears: Any = module.linears
        self.layers = [
            Layer(linear, flat.data, data, grad, self.grad) for linear in linears
        ]
        self.activate = IN_PLACE[module.activation_name]
        self.derive = DERIVE[module.activation_name]
        self.loss = loss
        # For two sizes: that of all batches, and that of the last one.
        self.workspaces: dict[int, Workspace] = {}

    @staticmethod
    def supports(module: nn.Module, loss: Loss, batch: TensorBundle) -> bool:
        """Whether the passes written out here suit `module`."""
        return (
            type(module) is MLP
            and module.activation_name in DERIVE
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

        Shape
        -----
        x : (n_samples, n_inputs), of several models (n_models, n_samples, n_inputs)
        returns : () and (n_samples, n_outputs), each with that axis in front
        """
        if self.low is not None:
            self.low.copy_(self.data)
            x = x.to(self.low.dtype)
        space = self._workspace(x.shape[-2])
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
        for layer, products, out in zip(hidden, space.products, space.outputs):
            x = products.affine(layer.bias, x, layer.weight_t, out)
            if self.activate is not None:
                self.activate(x)
            inputs.append(x)
        raw = space.last_affine(last.bias, x, last.weight_t, space.raw)
        return inputs, raw.to(self.data.dtype)

    def _backward(self, delta: Tensor, inputs: list[Tensor], space: Workspace) -> None:
        """Write the gradients, from the gradient of the raw scores."""
        deltas = [delta]
        for i in reversed(range(len(self.layers))):
            layer, products = self.layers[i], space.products[i]
            products.weight_grad(delta.mT, inputs[i], layer.weight_grad)
            if i > 0:
                delta = products.input_grad(delta, layer.weight, space.deltas[i - 1])
                if self.derive is not None:
                    self.derive(delta, inputs[i])
                deltas.append(delta)
        if self.low_grad is not None:
            self.grad.copy_(self.low_grad)
        for layer, delta in zip(self.layers, reversed(deltas)):
            torch.sum(delta, -2, dtype=layer.bias_grad.dtype, out=layer.bias_grad)
