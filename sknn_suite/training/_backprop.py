"""Backpropagation through MLPs, written out: of one, or of several side by side.

For small nets autograd's bookkeeping takes as long as the arithmetic. The passes below
write gradients straight into the flat buffer, and give the same numbers;
`tests/training/test_backprop.py` compares them with autograd. Only what is elementwise
and rare is left to autograd: the losses and activations that are not written out.
Batch norm, activations with parameters and sparse rows go through autograd as a whole.

In mixed precision the weights are cast to bfloat16 once a step, and the gradients back,
each as one flat buffer; activations stay in bfloat16, and scores, loss and the
optimiser's input are float32. Each step reuses the memory of the hidden layers: new
memory costs a small net more than the arithmetic.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from sknn_suite.data import TensorBundle
from sknn_suite.losses import Loss
from sknn_suite.modules import MLP
from sknn_suite.training._activation_pass import (
    Activation,
    has_pass,
    make_pass,
    needs_autograd,
)
from sknn_suite.training._flat import FlatParameters
from sknn_suite.training._products import (
    ALONE,
    AffineOfEach,
    choose_products,
    empty_rows,
)


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
    drops : bool
        Whether there is dropout.
    """

    # Of the batch in progress: what enters each layer, and what the activations keep.
    inputs: list[Tensor]
    hidden: list[Any]

    def __init__(self, layers: list[Layer], n_rows: int, drops: bool) -> None:
        like = layers[0].weight

        def empty(width: int) -> Tensor:
            if like.dim() == 2:
                return like.new_empty(n_rows, width)
            return empty_rows(like, len(like), n_rows, width)

        widths = [layer.n_outputs for layer in layers]
        self.products = [choose_products(layer.weight, n_rows) for layer in layers]
        self.outputs = [empty(width) for width in widths[:-1]]
        self.deltas = [empty(width) for width in widths[:-1]]
        self.masks = [empty(width) for width in widths[:-1] if drops]
        self.dropped = [empty(width) for width in widths[:-1] if drops]
        # Callbacks may keep the scores of one net from batch to batch.
        self.raw = None if like.dim() == 2 else empty(widths[-1])
        self.last_affine = (ALONE if like.dim() == 2 else self.products[-1]).affine
        self.last_of_each: AffineOfEach | None = None
        if self.raw is not None and self.products[-1].are_called_for_each:
            last = layers[-1]
            self.last_of_each = AffineOfEach(last.bias, last.weight_t, self.raw)


class Backprop:
    """Loss and gradients of a plain MLP, or of several of one shape side by side.

    Parameters
    ----------
    module : MLP
        The module; of several, any one of them.
    loss : Loss
        The loss.
    flat : FlatParameters
        The buffers of the module's parameters and gradients.
    mixed : bool, default=False
        Whether products are in bfloat16.
    others : sequence of (MLP, Loss), default=()
        The other models of several, whose dropout and losses are their own.
    stack : tuple of two Tensors of shape (n_models, n_parameters), default=None
        Parameters and gradients of several models; None for those of the module alone.
    """

    def __init__(
        self,
        module: MLP,
        loss: Loss,
        flat: FlatParameters,
        mixed: bool = False,
        others: Sequence[tuple[MLP, Loss]] = (),
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
        self.activation: Activation = make_pass(module)
        modules = [module, *(other for other, _ in others)]
        self.dropouts = [list(each) for each in zip(*(m.dropouts for m in modules))]
        self.losses = [loss, *(other for _, other in others)]
        self.value_and_gradient = loss.value_and_gradient
        if needs_autograd(module, loss):
            self.value_and_gradient = self._loss_by_autograd
        # For two sizes: that of all batches, and that of the last one.
        self.workspaces: dict[int, Workspace] = {}

    @staticmethod
    def supports(
        module: nn.Module, loss: Loss, batch: TensorBundle, mixed: bool = False
    ) -> bool:
        """Whether the passes written out here suit `module`."""
        return (
            type(module) is MLP
            and has_pass(module.activation_name)
            and not module.norms
            and not (mixed and needs_autograd(module, loss))
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
        space = self.workspace(x.shape[-2])
        raw = self._forward(x, space)
        value, delta = self.value_and_gradient(raw, target, weight)
        self._backward(delta if self.low is None else delta.to(x.dtype), space)
        return value, raw

    def _loss_by_autograd(
        self, raw: Tensor, target: Tensor, weight: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Value of the loss, and its gradient by the raw scores."""
        if raw.dim() == 2:
            return self.losses[0].gradient_by_autograd(raw, target, weight)
        weights = [None] * len(raw) if weight is None else weight
        each = [
            one.gradient_by_autograd(*own)
            for one, *own in zip(self.losses, raw, target, weights)
        ]
        values, gradients = zip(*each)
        return torch.stack(values), torch.stack(gradients)

    def workspace(self, n_rows: int) -> Workspace:
        """Memory for batches of `n_rows` rows."""
        space = self.workspaces.get(n_rows)
        if space is None:
            if len(self.workspaces) == 2:
                self.workspaces.clear()
            space = self.workspaces[n_rows] = Workspace(
                self.layers, n_rows, drops=bool(self.dropouts)
            )
        return space

    def _forward(self, x: Tensor, space: Workspace) -> Tensor:
        """Note the inputs of each layer; return the raw scores."""
        inputs, hidden = [x], []
        forth = self.activation.forth
        *layers, last = self.layers
        for i, layer in enumerate(layers):
            affine = space.products[i].affine
            x = affine(layer.bias, x, layer.weight_t, out=space.outputs[i])
            x, kept = forth(x)
            hidden.append(kept)
            if self.dropouts:
                x = self._drop(x, i, space)
            inputs.append(x)
        space.inputs, space.hidden = inputs, hidden
        if space.last_of_each is not None:
            raw = space.last_of_each(x)
        else:
            raw = space.last_affine(last.bias, x, last.weight_t, out=space.raw)
        return raw if self.low is None else raw.to(self.data.dtype)

    def _drop(self, x: Tensor, i: int, space: Workspace) -> Tensor:
        """Set units to zero, as `Dropout` does."""
        masks = space.masks[i]
        for dropout, mask in zip(self.dropouts[i], masks if x.dim() == 3 else [masks]):
            if dropout.p == 0:
                mask.fill_(1.0)
            else:
                mask.bernoulli_(1 - dropout.p, generator=dropout.generator)
                mask.mul_(1 / (1 - dropout.p))
        return torch.mul(x, masks, out=space.dropped[i])

    def _backward(self, delta: Tensor, space: Workspace) -> None:
        """Write the gradients, from the gradient of the raw scores."""
        deltas = [delta]
        for i in reversed(range(len(self.layers))):
            layer, products = self.layers[i], space.products[i]
            products.weight_grad(delta.mT, space.inputs[i], out=layer.weight_grad)
            if i > 0:
                delta = products.input_grad(
                    delta, layer.weight, out=space.deltas[i - 1]
                )
                if self.dropouts:
                    delta.mul_(space.masks[i - 1])
                delta = self.activation.back(delta, space.hidden[i - 1])
                deltas.append(delta)
        if self.low_grad is not None:
            self.grad.copy_(self.low_grad)
        for layer, delta in zip(self.layers, reversed(deltas)):
            torch.sum(delta, -2, dtype=layer.bias_grad.dtype, out=layer.bias_grad)
