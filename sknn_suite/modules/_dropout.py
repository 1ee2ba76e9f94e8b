"""Dropout with its own random numbers."""

import torch
from torch import Tensor, nn


class OwnedRandomness:
    """Mixin of modules that draw random numbers: from `generator`, never globally.

    The net sets `generator` before training. None, the state of a module outside a
    net, falls back on torch's global generator, as torch's own modules do.
    """

    generator: torch.Generator | None = None


class Dropout(OwnedRandomness, nn.Module):
    """Set each unit to zero with probability `p` in training, scale the rest.

    Parameters
    ----------
    p : float
        Probability of a zero, in [0, 1).

    Shape
    -----
    x : any shape
    returns : the same

    References
    ----------
    Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from
    Overfitting", JMLR 15, 2014.

    Examples
    --------
    >>> import torch
    >>> from sknn_suite.modules import Dropout
    >>> Dropout(0.5).eval()(torch.ones(2)).tolist()
    [1.0, 1.0]
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def extra_repr(self) -> str:
        return f"p={self.p}"

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return x
        kept = torch.empty_like(x).bernoulli_(1 - self.p, generator=self.generator)
        return x * kept.mul_(1 / (1 - self.p))


class SpatialDropout(Dropout):
    """Set whole channels of a row to zero with probability `p` in training.

    Neighbouring pixels or steps are alike, so leaving out single ones changes little.

    Parameters
    ----------
    p : float
        Probability of a zero, in [0, 1).
    channel_dim : int, default=1
        Dimension of the channels: 1 in images, -1 in sequences.

    Shape
    -----
    x : (n_samples, n_channels, height, width) or (n_samples, n_steps, n_channels)
    returns : the same

    References
    ----------
    Tompson et al., "Efficient Object Localization Using Convolutional Networks", CVPR
    2015.

    Examples
    --------
    >>> import torch
    >>> from sknn_suite.modules import SpatialDropout
    >>> steps = torch.ones(2, 3, 4)
    >>> SpatialDropout(0.5, channel_dim=-1)(steps).std(dim=1).max().item()
    0.0
    """

    def __init__(self, p: float, channel_dim: int = 1) -> None:
        super().__init__(p)
        self.channel_dim = channel_dim

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return x
        shape = [len(x)] + [1] * (x.ndim - 1)
        shape[self.channel_dim] = x.shape[self.channel_dim]
        kept = x.new_empty(shape)
        kept.bernoulli_(1 - self.p, generator=self.generator)
        return x * kept.mul_(1 / (1 - self.p))
