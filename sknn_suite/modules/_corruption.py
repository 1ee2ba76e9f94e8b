"""Noise on the input, for denoising autoencoders."""

import torch
from torch import Tensor, nn

from sknn_suite.modules._dropout import OwnedRandomness


class Corruption(OwnedRandomness, nn.Module):
    """Disturb rows in training, so that the net learns what belongs together.

    Parameters
    ----------
    strength : float
        Deviation of gaussian noise, or probability that a feature is set to zero.
    kind : {"gaussian", "masking"}
        What is done.

    Shape
    -----
    x : any shape
    returns : the same

    References
    ----------
    Vincent et al., "Stacked Denoising Autoencoders", JMLR 11, 2010.

    Examples
    --------
    >>> import torch
    >>> from sknn_suite.modules import Corruption
    >>> Corruption(0.5, "masking").eval()(torch.ones(2)).tolist()
    [1.0, 1.0]
    """

    def __init__(self, strength: float, kind: str) -> None:
        super().__init__()
        self.strength = strength
        self.kind = kind

    def extra_repr(self) -> str:
        return f"strength={self.strength}, kind={self.kind!r}"

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.strength == 0:
            return x
        drawn = torch.empty(x.shape, dtype=x.dtype, device=x.device)
        if self.kind == "masking":
            return x * drawn.bernoulli_(1 - self.strength, generator=self.generator)
        return x + self.strength * drawn.normal_(generator=self.generator)
