"""Variational autoencoder that is told the class of each row."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from sknn_suite.modules._autoencoder import Encoder
from sknn_suite.modules._ensemble_linear import make_bias, split_models
from sknn_suite.modules._vae import (
    MAX_LOG_VARIANCE,
    MIN_LOG_VARIANCE,
    START_LOG_VARIANCE,
    Sampler,
)


class ConditionalVAE(nn.Module):
    """Variational autoencoder whose encoder and decoder read the class as well.

    The codes hold what the class does not say. To make a row of a class, draw a code
    from a standard normal distribution, and decode it with the class.

    Parameters
    ----------
    n_inputs, n_classes : int
        Number of features, and of classes.
    n_components : int
        Length of the code.
    hidden_layer_sizes : sequence of int
        Units of the encoder's hidden layers; the decoder has them in reverse order.
    activation : str, default="silu"
        A name in `ACTIVATIONS`.

    Shape
    -----
    x : (n_samples, n_inputs), float
    classes : (n_samples, n_classes), float, one-hot
    returns : (1, n_samples, 2 * n_inputs + 2 * n_components), float: means, logarithms
        of scales, means of codes, logarithms of their variances

    References
    ----------
    Sohn, Lee & Yan, "Learning Structured Output Representation using Deep Conditional
    Generative Models", NeurIPS 2015.

    Examples
    --------
    >>> import torch
    >>> from sknn_suite.modules import ConditionalVAE
    >>> module = ConditionalVAE(8, 3, 2, (16,)).to_empty(device="cpu")
    >>> module(torch.zeros(5, 8), torch.eye(3)[[0, 0, 1, 2, 2]]).shape
    torch.Size([1, 5, 20])
    """

    def __init__(
        self,
        n_inputs: int,
        n_classes: int,
        n_components: int,
        hidden_layer_sizes: Sequence[int],
        activation: str = "silu",
    ) -> None:
        super().__init__()
        self.n_inputs = n_inputs
        self.n_components = n_components
        sizes = tuple(hidden_layer_sizes)
        into = (n_inputs + n_classes, *sizes, 2 * n_components)
        out = (n_components + n_classes, *sizes[::-1], n_inputs)
        self.encoder = Encoder(1, into, activation, 0)
        self.decoder = Encoder(1, out, activation, 0)
        self.log_scale = make_bias(n_inputs, "meta")
        self.sampler = Sampler()

    @torch.no_grad()
    def reset_parameters(self, random_state: np.random.RandomState) -> None:
        """Draw initial weights."""
        self.encoder.draw(random_state)
        self.decoder.draw(random_state)
        self.log_scale.zero_()
        # It starts nearly as an ordinary autoencoder.
        self.encoder.linears[-1].bias[self.n_components :] = START_LOG_VARIANCE

    def models(self) -> list[list[Tensor]]:
        """Parameters of the only model, as views."""
        return split_models(self, 1)

    def decode(self, codes: Tensor, classes: Tensor) -> Tensor:
        """Raw outputs of codes, (1, n_samples, 2 * n_inputs)."""
        out = self.decoder(torch.cat([codes, classes], dim=-1).unsqueeze(0))
        return torch.cat([out, self.log_scale.expand_as(out)], dim=-1)

    def forward(self, x: Tensor, classes: Tensor) -> Tensor:
        codes = self.encoder(torch.cat([x, classes], dim=-1).unsqueeze(0))
        mean, log_variance = codes.chunk(2, dim=-1)
        log_variance = log_variance.clamp(MIN_LOG_VARIANCE, MAX_LOG_VARIANCE)
        drawn = self.sampler(mean, log_variance)
        return torch.cat([self.decode(drawn[0], classes), mean, log_variance], dim=-1)
