"""Recurrent layers over steps, pooled and read by a dense head."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sknn_suite.modules._dropout import Dropout, SpatialDropout
from sknn_suite.modules._init import init_linear
from sknn_suite.modules._norm import BatchNorm
from sknn_suite.modules._pooling import Pooling
from sknn_suite.modules._recurrent import RecurrentLayer


class RecurrentNet(nn.Module):
    """Recurrent layers, each on top of the last, and the layers that read them.

    All poolings read the last layer; attention, if it is among them, also reads the
    others. A dense layer reads all results side by side.

    Parameters
    ----------
    n_inputs : int
        Numbers per step.
    hidden_sizes : sequence of int
        Units of each recurrent layer, in each direction.
    n_outputs : int
        Number of raw scores.
    cell : {"lstm", "gru", "rnn"}, default="lstm"
        Kind of cell.
    bidirectional : bool, default=True
        Whether layers run in both directions.
    pooling : sequence of {"attention", "mean", "max", "last"}
        See `Pooling`.
    dense_size : int, default=0
        Units of the dense layer; 0 for none.
    batch_norm : bool, default=False
        Whether the dense layer is batch-normalised.
    spatial_dropout, recurrent_dropout, dropout : float, default=0.0
        Probability that a channel of the input, the state of a unit, or a number
        before or after the dense layer is dropped.
    max_bptt : int or None, default=None
        Steps through which gradients flow back.
    device : torch.device or str, default="meta"
        Where parameters live, see `MLP`.

    Shape
    -----
    x : (n_samples, n_steps, n_inputs), padded on the right
    lengths : (n_samples,); None if all have n_steps
    order : what `reverse_order` gives; None, outside of training, if none is padded
    returns : (n_samples, n_outputs)

    References
    ----------
    The default is the two-path network that solutions of Kaggle's Quora Insincere
    Questions Classification (2018) used.

    Examples
    --------
    >>> import torch
    >>> from sknn_suite.modules import RecurrentNet
    >>> net = RecurrentNet(3, (8,), 2, pooling=("mean",), device="cpu").eval()
    >>> net(torch.zeros(2, 5, 3), None, None).shape
    torch.Size([2, 2])
    """

    def __init__(
        self,
        n_inputs: int,
        hidden_sizes: Sequence[int],
        n_outputs: int,
        cell: str = "lstm",
        bidirectional: bool = True,
        pooling: Sequence[str] = ("attention", "mean", "max"),
        dense_size: int = 0,
        batch_norm: bool = False,
        spatial_dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        dropout: float = 0.0,
        max_bptt: int | None = None,
        device: torch.device | str = "meta",
    ) -> None:
        super().__init__()
        self.input_dropout = SpatialDropout(spatial_dropout, channel_dim=-1)
        layers, poolings = [], []
        for depth, n_hidden in enumerate(hidden_sizes, 1):
            layer = RecurrentLayer(
                cell,
                n_inputs,
                n_hidden,
                bidirectional,
                recurrent_dropout,
                max_bptt,
                device,
            )
            kinds = tuple(pooling)
            if depth < len(hidden_sizes):
                kinds = tuple(kind for kind in kinds if kind == "attention")
            n_inputs = layer.n_outputs
            layers.append(layer)
            poolings.append(Pooling(n_inputs, kinds, bidirectional, device))
        self.layers = nn.ModuleList(layers)
        self.poolings = nn.ModuleList(poolings)
        n_pooled = sum(p.n_outputs for p in poolings)
        self.dropout = Dropout(dropout)
        self.dense = self.norm = None
        if dense_size:
            self.dense = nn.Linear(n_pooled, dense_size, device=device)
            if batch_norm:
                self.norm = BatchNorm(dense_size, device=device)
        self.output = nn.Linear(dense_size or n_pooled, n_outputs, device=device)

    def depth_groups(self) -> list[list[nn.Parameter]]:
        """Parameters of each layer, from input to output."""
        groups = [
            [*layer.parameters(), *pooling.parameters()]
            for layer, pooling in zip(self.layers, self.poolings)
        ]
        head = [m for m in (self.dense, self.norm) if m is not None]
        groups.append([p for m in head for p in m.parameters()])
        groups.append(list(self.output.parameters()))
        return groups

    def reset_parameters(self, random_state: np.random.RandomState) -> None:
        """Draw initial weights."""
        parts: Any = (*self.layers, *self.poolings)
        for part in parts:
            part.reset_parameters(random_state)
        if self.dense is not None:
            init_linear(self.dense, "he", "relu", random_state)
        if self.norm is not None:
            self.norm.reset_parameters()
        init_linear(self.output, "glorot", "identity", random_state)

    def forward(
        self, x: Tensor, lengths: Tensor | None, order: Tensor | None
    ) -> Tensor:
        return self.output(self.features(x, lengths, order))

    def features(
        self, x: Tensor, lengths: Tensor | None, order: Tensor | None
    ) -> Tensor:
        """Compute the inputs of the last layer, (n_samples, n_features)."""
        x = self.input_dropout(x)
        pooled = []
        poolings: Any = self.poolings
        for layer, pooling in zip(self.layers, poolings):
            x = layer(x, order)
            if pooling.kinds:
                pooled.append(pooling(x, lengths))
        x = self.dropout(torch.cat(pooled, dim=1))
        if self.dense is not None:
            x = torch.relu(self.dense(x))
            if self.norm is not None:
                x = self.norm(x)
            x = self.dropout(x)
        return x

    def weigh(self, x: Tensor, lengths: Tensor | None, order: Tensor | None) -> Tensor:
        """Attention of each step, the mean of all layers that have attention."""
        weights = []
        poolings: Any = self.poolings
        for layer, pooling in zip(self.layers, poolings):
            x = layer(x, order)
            if pooling.attention is not None:
                weights.append(pooling.weigh(x, lengths))
        return torch.stack(weights).mean(dim=0)
