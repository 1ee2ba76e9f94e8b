"""Multi-layer perceptron."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sknn_suite.modules._activations import make_activation
from sknn_suite.modules._dropout import Dropout
from sknn_suite.modules._init import init_linear
from sknn_suite.modules._linear import Linear
from sknn_suite.modules._norm import BatchNorm


class MLP(nn.Module):
    """Stack of linear layers with an activation and dropout between them.

    The module returns raw scores; the loss has the link (softmax, exp, ...). Each
    hidden layer is linear, batch norm if asked for, activation, dropout.

    Parameters
    ----------
    n_inputs : int
        Number of features.
    hidden_layer_sizes : sequence of int
        Units of each hidden layer; may be empty.
    n_outputs : int
        Number of raw scores.
    activation : str, default="relu"
        A name in `ACTIVATIONS`.
    dropout : sequence of float, default=()
        Dropout after each hidden layer; empty for none.
    batch_norm : bool, default=False
        Whether hidden layers are batch-normalised.
    device : torch.device or str, default="meta"
        Where parameters live. On "meta" they have neither memory nor values: call
        `materialize` and `reset_parameters`.

    Shape
    -----
    x : (n_samples, n_inputs), float or sparse CSR
    returns : (n_samples, n_outputs), float

    Examples
    --------
    >>> import torch
    >>> from sknn_suite.modules import MLP
    >>> mlp = MLP(n_inputs=4, hidden_layer_sizes=(8,), n_outputs=3, device="cpu")
    >>> mlp(torch.zeros(2, 4)).shape
    torch.Size([2, 3])
    """

    def __init__(
        self,
        n_inputs: int,
        hidden_layer_sizes: Sequence[int],
        n_outputs: int,
        activation: str = "relu",
        dropout: Sequence[float] = (),
        batch_norm: bool = False,
        device: torch.device | str = "meta",
    ) -> None:
        super().__init__()
        sizes = [n_inputs, *hidden_layer_sizes, n_outputs]
        self.activation_name = activation
        self.linears = nn.ModuleList(
            Linear(n_in, n_out, device=device) for n_in, n_out in pairwise(sizes)
        )
        self.norms = nn.ModuleList(
            BatchNorm(n, device=device) for n in hidden_layer_sizes if batch_norm
        )
        self.activations = nn.ModuleList(
            make_activation(activation) for _ in hidden_layer_sizes
        )
        self.dropouts = nn.ModuleList(Dropout(p) for p in dropout)
        # Indexing a ModuleList in every forward pass costs more than a small layer.
        self._stages = tuple(self._in_order())

    def depth_groups(self) -> list[list[nn.Parameter]]:
        """Parameters of each layer: linear, norm and activation belong together."""
        groups = []
        for i, linear in enumerate(self.linears):
            kinds = (self.norms, self.activations)
            parts = [linear, *(kind[i] for kind in kinds if i < len(kind))]
            groups.append([p for part in parts for p in part.parameters()])
        return groups

    def reset_parameters(
        self, weight_init: str, random_state: np.random.RandomState
    ) -> None:
        """Draw initial weights, see `init_linear`."""
        for linear in self.linears:
            assert isinstance(linear, nn.Linear)  # a ModuleList does not say
            init_linear(linear, weight_init, self.activation_name, random_state)
        for stage in self._stages:
            if isinstance(stage, BatchNorm | nn.PReLU):
                stage.reset_parameters()

    @property
    def n_features(self) -> int:
        """Number of inputs of the last layer."""
        return self._stages[-1].in_features

    def features(self, x: Tensor) -> Tensor:
        """Compute the inputs of the last layer: x itself without hidden layers."""
        if len(self._stages) == 1:
            return x.to_dense() if x.layout == torch.sparse_csr else x
        return self._pass(x, self._stages[:-1])

    def forward(self, x: Tensor) -> Tensor:
        return self._pass(x, self._stages)

    def _pass(self, x: Tensor, stages: Sequence[Any]) -> Tensor:
        """Pass rows through the first layer, which may read sparse ones, and others."""
        first, *others = stages
        if x.layout == torch.sparse_csr:
            x = torch.sparse.mm(x, first.weight.T) + first.bias
        else:
            x = first(x)
        for stage in others:
            x = stage(x)
        return x

    def _in_order(self) -> Iterator[Any]:
        """Yield the layers in the order of the forward pass."""
        yield self.linears[0]
        for i, linear in enumerate(self.linears[1:]):
            for kind in (self.norms, self.activations, self.dropouts):
                if kind:
                    yield kind[i]
            yield linear
