"""Recurrent layers over padded batches: no packing, and no step sees the padding."""

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sknn_suite.data import as_tensor
from sknn_suite.device import lstm_takes_bfloat16
from sknn_suite.modules._dropout import Dropout
from sknn_suite.modules._init import random_rotation

# Gates of each kind of cell.
CELLS = {"lstm": 4, "gru": 3, "rnn": 1}


class _Permute(torch.autograd.Function):
    """Rows in another order that is its own inverse; so is its gradient."""

    @staticmethod
    def forward(ctx, x: Tensor, order: Tensor) -> Tensor:  # type: ignore[override, no-untyped-def]
        ctx.save_for_backward(order)
        return x.index_select(0, order)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None]:  # type: ignore[override, no-untyped-def]
        (order,) = ctx.saved_tensors
        return gradient.index_select(0, order), None


def reverse_order(lengths: Tensor, longest: int) -> Tensor:
    """Order of all steps of a batch with each row reversed and its padding at the end.

    Shape
    -----
    lengths : (n_samples,)
    returns : (n_samples * longest,), int64
    """
    steps = torch.arange(longest, device=lengths.device)
    last = lengths[:, None] - 1
    order = torch.where(steps <= last, last - steps, steps)
    first = torch.arange(lengths.shape[0], device=lengths.device) * longest
    return (order + first[:, None]).reshape(-1)


def reverse(x: Tensor, order: Tensor) -> Tensor:
    """Turn each row of a padded batch around.

    Shape
    -----
    x : (n_samples, longest, n_channels)
    order : what `reverse_order` gives
    returns : as x
    """
    return _Permute.apply(x.reshape(order.shape[0], -1), order).view(x.shape)


class Direction(nn.Module):
    """One direction of a recurrent layer.

    Parameters
    ----------
    cell : {"lstm", "gru", "rnn"}
        Kind of cell.
    n_inputs, n_hidden : int
        Numbers per step, and units.
    dropout : float, default=0.0
        Probability that a unit's state is not passed to the next step. One draw holds
        for all steps of a batch, as in variational dropout [1]_; it is shared by the
        batch's rows, so that the steps stay one fused kernel.
    max_bptt : int or None, default=None
        Steps through which gradients flow back; None for all.
    device : torch.device or str, default="meta"
        Where parameters live, see `MLP`.

    Shape
    -----
    x : (n_samples, n_steps, n_inputs)
    returns : (n_samples, n_steps, n_hidden)

    References
    ----------
    .. [1] Gal & Ghahramani, "A Theoretically Grounded Application of Dropout in
       Recurrent Neural Networks", NeurIPS 2016.
    """

    def __init__(
        self,
        cell: str,
        n_inputs: int,
        n_hidden: int,
        dropout: float = 0.0,
        max_bptt: int | None = None,
        device: torch.device | str = "meta",
    ) -> None:
        super().__init__()
        self.cell = cell
        self.n_hidden = n_hidden
        self.max_bptt = max_bptt
        n = CELLS[cell] * n_hidden
        self.weight_ih = nn.Parameter(torch.empty(n, n_inputs, device=device))
        self.weight_hh = nn.Parameter(torch.empty(n, n_hidden, device=device))
        self.bias_ih = nn.Parameter(torch.empty(n, device=device))
        self.bias_hh = nn.Parameter(torch.empty(n, device=device))
        self.dropout = Dropout(dropout)

    @torch.no_grad()
    def reset_parameters(self, random_state: np.random.RandomState) -> None:
        """Draw weights: glorot for the input, rotations for the state, gate by gate.

        A forget gate starts open (Jozefowicz et al., ICML 2015).
        """
        n_hidden, n_inputs = self.n_hidden, self.weight_ih.shape[1]
        bound = math.sqrt(6.0 / (n_hidden + n_inputs))
        drawn = random_state.uniform(-bound, bound, self.weight_ih.shape)
        self.weight_ih.copy_(as_tensor(drawn))
        gates = [
            random_rotation(n_hidden, n_hidden, random_state)
            for _ in range(CELLS[self.cell])
        ]
        self.weight_hh.copy_(as_tensor(np.concatenate(gates)))
        self.bias_ih.zero_()
        self.bias_hh.zero_()
        if self.cell == "lstm":
            self.bias_ih[n_hidden : 2 * n_hidden] = 1.0

    @property
    def weights(self) -> list[Tensor]:
        """All weights, as torch's kernels order them."""
        return [self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh]

    def forward(self, x: Tensor) -> Tensor:
        weight_hh = self.weight_hh
        if self.training and self.dropout.p:
            weight_hh = weight_hh * self.dropout(weight_hh.new_ones(self.n_hidden))
        weights = [self.weight_ih, weight_hh, *self.weights[2:]]
        state: tuple[Tensor, ...] = (x.new_zeros(1, x.shape[0], self.n_hidden),)
        if self.cell == "lstm":
            state = (*state, state[0])
        if not self.training or self.max_bptt is None or x.shape[1] <= self.max_bptt:
            return self.run(x, state, weights)[0]
        parts = []
        for part in x.split(self.max_bptt, dim=1):
            out, state = self.run(part, state, weights)
            state = tuple(s.detach() for s in state)
            parts.append(out)
        return torch.cat(parts, dim=1)

    def run(
        self,
        x: Tensor,
        state: tuple[Tensor, ...],
        weights: list[Tensor],
        bidirectional: bool = False,
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Run the fused kernel over all steps of `x`."""
        if x.is_cuda:
            weights = _end_to_end(weights)
        if self.cell == "lstm" and needs_float32(x):
            x, state = x.float(), tuple(s.float() for s in state)
            with torch.autocast(x.device.type, enabled=False):
                return self._run_kernel(x, state, weights, bidirectional)
        return self._run_kernel(x, state, weights, bidirectional)

    def _run_kernel(
        self,
        x: Tensor,
        state: tuple[Tensor, ...],
        weights: list[Tensor],
        bidirectional: bool,
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        # has_biases, n_layers, dropout, training, bidirectional, batch_first
        options = (True, 1, 0.0, self.training, bidirectional, True)
        if self.cell == "lstm":
            out, *state_then = torch.lstm(x, state, weights, *options)
        else:
            kernel = torch.gru if self.cell == "gru" else torch.rnn_tanh
            out, *state_then = kernel(x, state[0], weights, *options)
        return out, tuple(state_then)


def needs_float32(x: Tensor) -> bool:
    """Whether an LSTM must leave autocast's bfloat16, which its library refuses."""
    return torch.is_autocast_enabled(x.device.type) and not lstm_takes_bfloat16(
        x.device
    )


def _end_to_end(weights: list[Tensor]) -> list[Tensor]:
    """Copy weights to one piece of memory; otherwise cuDNN demands it in every call."""
    whole = torch.cat([weight.reshape(-1) for weight in weights])
    parts = whole.split([weight.numel() for weight in weights])
    return [part.view(weight.shape) for part, weight in zip(parts, weights)]


class RecurrentLayer(nn.Module):
    """A recurrent layer in one direction or in both, side by side.

    The second direction reads each row in reverse order, with the padding again at the
    end. Results equal those of packed sequences.

    Parameters
    ----------
    cell, n_inputs, n_hidden, dropout, max_bptt, device
        See `Direction`.
    bidirectional : bool, default=True
        Whether there are two directions.

    Shape
    -----
    x : (n_samples, n_steps, n_inputs), padded on the right
    order : what `reverse_order` gives; None, outside of training, if none is padded
    returns : (n_samples, n_steps, n_hidden times directions)

    Examples
    --------
    >>> import torch
    >>> from sknn_suite.modules import RecurrentLayer
    >>> from sknn_suite.modules import reverse_order
    >>> layer = RecurrentLayer("gru", 4, 8, device="cpu")
    >>> layer(torch.zeros(2, 5, 4), reverse_order(torch.tensor([5, 3]), 5)).shape
    torch.Size([2, 5, 16])
    """

    def __init__(
        self,
        cell: str,
        n_inputs: int,
        n_hidden: int,
        bidirectional: bool = True,
        dropout: float = 0.0,
        max_bptt: int | None = None,
        device: torch.device | str = "meta",
    ) -> None:
        super().__init__()
        self.directions = nn.ModuleList(
            Direction(cell, n_inputs, n_hidden, dropout, max_bptt, device)
            for _ in range(1 + bidirectional)
        )
        self.n_outputs = n_hidden * (1 + bidirectional)

    def reset_parameters(self, random_state: np.random.RandomState) -> None:
        """Draw the weights of both directions."""
        for direction in self.directions:
            assert isinstance(direction, Direction)
            direction.reset_parameters(random_state)

    def forward(self, x: Tensor, order: Tensor | None) -> Tensor:
        if len(self.directions) == 1:
            return self.directions[0](x)
        if order is None:  # one kernel for both, which reverses the steps itself
            return self._run_both(x)
        out = self.directions[0](x)
        back = reverse(self.directions[1](reverse(x, order)), order)
        return torch.cat([out, back], dim=2)

    def _run_both(self, x: Tensor) -> Tensor:
        directions: Any = self.directions
        weights = [weight for part in directions for weight in part.weights]
        first = directions[0]
        state: tuple[Tensor, ...] = (x.new_zeros(2, x.shape[0], first.n_hidden),)
        if first.cell == "lstm":
            state = (*state, state[0])
        return first.run(x, state, weights, bidirectional=True)[0]
