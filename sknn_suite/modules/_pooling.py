"""Pooling of steps to one vector, by attention and in simpler ways."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from sknn_suite.data import as_tensor
from sknn_suite.modules._onednn import onednn_linear, suits_onednn

POOLINGS = ("attention", "mean", "max", "last")

# Inputs of attention for each of its units: few units do as well as many, in less time.
INPUTS_PER_UNIT = 4


class Attention(nn.Module):
    """Weights of steps by their content: softmax of v . tanh(W h + b) [1]_.

    Parameters
    ----------
    n_inputs : int
        Numbers per step.
    device : torch.device or str, default="meta"
        Where parameters live, see `MLP`.

    Shape
    -----
    h : (n_samples, n_steps, n_inputs)
    mask : (n_samples, n_steps), bool, True for steps that exist; None if all do
    returns : (n_samples, n_steps), rows sum to one

    References
    ----------
    .. [1] Yang et al., "Hierarchical Attention Networks for Document Classification",
       NAACL 2016.

    Examples
    --------
    >>> import torch
    >>> from sknn_suite.modules import Attention
    >>> h, mask = torch.zeros(1, 3, 4), torch.tensor([[True, True, False]])
    >>> attention = Attention(4, device="cpu")
    >>> _ = [p.data.zero_() for p in attention.parameters()]
    >>> attention(h, mask).tolist()
    [[0.5, 0.5, 0.0]]
    """

    def __init__(self, n_inputs: int, device: torch.device | str = "meta") -> None:
        super().__init__()
        n_units = -(-n_inputs // INPUTS_PER_UNIT)
        self.project = nn.Linear(n_inputs, n_units, device=device)
        self.judge = nn.Linear(n_units, 1, bias=False, device=device)

    @torch.no_grad()
    def reset_parameters(self, random_state: np.random.RandomState) -> None:
        """Draw weights; biases start at zero."""
        for linear in (self.project, self.judge):
            bound = math.sqrt(6.0 / sum(linear.weight.shape))
            drawn = random_state.uniform(-bound, bound, linear.weight.shape)
            linear.weight.copy_(as_tensor(drawn))
        self.project.bias.zero_()

    def forward(self, h: Tensor, mask: Tensor | None) -> Tensor:
        # tanh(x) = 2 sigmoid(2 x) - 1, and a constant does not change the softmax. On
        # a CPU the sigmoid takes a quarter of the time.
        units = torch.sigmoid(2 * self._project(h))
        scores = 2 * self.judge(units).squeeze(2)
        if scores.dtype == torch.bfloat16:
            scores = scores.float()
        if mask is not None:
            scores = scores.masked_fill(~mask, -math.inf)
        return torch.softmax(scores, dim=1)

    def _project(self, h: Tensor) -> Tensor:
        weight, bias = self.project.weight, self.project.bias
        alike = h.dtype == weight.dtype and not torch.is_grad_enabled()
        if alike and suits_onednn(h.shape[0] * h.shape[1], weight):
            return onednn_linear(h, weight, bias)
        return self.project(h)


class Pooling(nn.Module):
    """Several poolings of the steps, side by side.

    Parameters
    ----------
    n_inputs : int
        Numbers per step.
    kinds : sequence of {"attention", "mean", "max", "last"}
        Which ones. "last" is where each direction ends.
    bidirectional : bool
        Whether the second half of the numbers runs backwards.
    device : torch.device or str, default="meta"
        Where parameters live, see `MLP`.

    Shape
    -----
    h : (n_samples, n_steps, n_inputs)
    lengths : (n_samples,); None if all have n_steps
    returns : (n_samples, n_inputs times kinds)

    Examples
    --------
    >>> import torch
    >>> from sknn_suite.modules import Pooling
    >>> pooling = Pooling(4, ("mean", "max"), bidirectional=True, device="cpu")
    >>> pooling(torch.zeros(2, 3, 4), torch.tensor([3, 1])).shape
    torch.Size([2, 8])
    """

    def __init__(
        self,
        n_inputs: int,
        kinds: Sequence[str],
        bidirectional: bool,
        device: torch.device | str = "meta",
    ) -> None:
        super().__init__()
        self.kinds = tuple(kinds)
        self.bidirectional = bidirectional
        self.n_outputs = n_inputs * len(self.kinds)
        self.attention = None
        if "attention" in self.kinds:
            self.attention = Attention(n_inputs, device)

    def reset_parameters(self, random_state: np.random.RandomState) -> None:
        """Draw the weights of attention, if there is any."""
        if self.attention is not None:
            self.attention.reset_parameters(random_state)

    def weigh(self, h: Tensor, lengths: Tensor | None) -> Tensor:
        """Attention of each step."""
        assert self.attention is not None
        mask = None if lengths is None else mask_of(lengths, h.shape[1])
        return self.attention(h, mask)

    def forward(self, h: Tensor, lengths: Tensor | None) -> Tensor:
        return torch.cat(
            [getattr(self, f"_{kind}")(h, lengths) for kind in self.kinds], 1
        )

    def _attention(self, h: Tensor, lengths: Tensor | None) -> Tensor:
        weights = self.weigh(h, lengths).to(h.dtype)
        return torch.bmm(weights.unsqueeze(1), h).squeeze(1)

    def _mean(self, h: Tensor, lengths: Tensor | None) -> Tensor:
        if lengths is None:
            return h.mean(dim=1)
        there = mask_of(lengths, h.shape[1]).unsqueeze(2)
        return (h * there).sum(dim=1) / lengths.unsqueeze(1).to(h.dtype)

    def _max(self, h: Tensor, lengths: Tensor | None) -> Tensor:
        if lengths is None:
            return h.amax(dim=1)
        there = mask_of(lengths, h.shape[1]).unsqueeze(2)
        return h.masked_fill(~there, -math.inf).amax(dim=1)

    def _last(self, h: Tensor, lengths: Tensor | None) -> Tensor:
        if lengths is None:
            last = h[:, -1]
        else:
            last = h[torch.arange(h.shape[0], device=h.device), lengths - 1]
        if not self.bidirectional:
            return last
        half = h.shape[2] // 2
        return torch.cat([last[:, :half], h[:, 0, half:]], dim=1)


def mask_of(lengths: Tensor, longest: int) -> Tensor:
    """Which steps of a padded batch exist, (n_samples, longest)."""
    return torch.arange(longest, device=lengths.device) < lengths.unsqueeze(1)
