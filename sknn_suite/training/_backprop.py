"""Backpropagation through a plain MLP, written out.

For small nets autograd's bookkeeping takes as long as the arithmetic. The passes below
are the textbook's, write gradients straight into the flat buffer, and reach the same
numbers; `tests/training/test_backprop.py` holds them against autograd. Whatever is not
a plain MLP (dropout, batch norm, other activations, sparse rows) goes through autograd.

In mixed precision the weights are cast to bfloat16 once a step, as one flat buffer, and
activations stay in bfloat16; scores, loss, gradients and weights are float32.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from sknn_suite._bundle import TensorBundle
from sknn_suite.losses import Loss
from sknn_suite.modules import MLP
from sknn_suite.training._flat import FlatParameters

# The activation in place; the gradient before it, from that behind it and its output.
_ACTIVATIONS: dict[str, tuple[Callable | None, Callable | None]] = {
    "identity": (None, None),
    "logistic": (torch.sigmoid_, torch.ops.aten.sigmoid_backward),
    "tanh": (torch.tanh_, torch.ops.aten.tanh_backward),
    "relu": (
        torch.relu_,
        lambda delta, out: torch.ops.aten.threshold_backward(delta, out, 0),
    ),
}


class Backprop:
    """Loss and gradients of a plain MLP.

    Parameters
    ----------
    module : MLP
        The module; ``parameter.grad`` of each parameter must exist.
    loss : Loss
        A loss that knows its gradient (`Loss.value_and_gradient`).
    flat : FlatParameters
        The buffers in which the module's parameters and gradients lie.
    mixed : bool, default=False
        Whether products are in bfloat16.
    """

    def __init__(
        self, module: MLP, loss: Loss, flat: FlatParameters, mixed: bool = False
    ) -> None:
        linears: Any = module.linears
        self.data = flat.data
        self.low = flat.data.to(torch.bfloat16) if mixed else None
        self.layers = [
            (self._operand(linear.weight), self._operand(linear.bias))
            for linear in linears
        ]
        self.grads = [(linear.weight.grad, linear.bias.grad) for linear in linears]
        self.activate, self.derive = _ACTIVATIONS[module.activation_name]
        self.loss = loss

    @staticmethod
    def supports(module: nn.Module, loss: Loss, batch: TensorBundle) -> bool:
        """Whether the passes written out here are those of `module`."""
        return (
            type(module) is MLP
            and module.activation_name in _ACTIVATIONS
            and not (module.norms or module.dropouts)
            and loss.knows_gradient
            and batch.is_dense
            and all(p.requires_grad for p in module.parameters())
        )

    def _operand(self, parameter: nn.Parameter) -> Tensor:
        """View of a parameter in the type in which products are computed."""
        if self.low is None:
            return parameter.detach()
        offset = parameter.data_ptr() - self.data.data_ptr()
        start = offset // parameter.element_size()
        return self.low[start : start + parameter.numel()].view(parameter.shape)

    @torch.no_grad()
    def __call__(
        self, x: Tensor, target: Tensor, weight: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Write the gradients; return the loss and the raw scores."""
        if self.low is not None:
            self.low.copy_(self.data)
            x = x.to(self.low.dtype)
        outputs = [x]
        for i, (w, b) in enumerate(self.layers, 1):
            x = torch.addmm(b, x, w.t())
            if i < len(self.layers) and self.activate is not None:
                self.activate(x)
            outputs.append(x)
        x = x.to(self.data.dtype)
        value, delta = self.loss.value_and_gradient(x, target, weight)
        delta = delta.to(outputs[0].dtype)
        for i in reversed(range(len(self.layers))):
            w_grad, b_grad = self.grads[i]
            if self.low is None:
                torch.mm(delta.t(), outputs[i], out=w_grad)
            else:
                w_grad.copy_(torch.mm(delta.t(), outputs[i]))
            torch.sum(delta, 0, dtype=b_grad.dtype, out=b_grad)
            if i > 0:
                delta = torch.mm(delta, self.layers[i][0])
                if self.derive is not None:
                    delta = self.derive(delta, outputs[i])
        return value, x
