"""Variational autoencoders, several of them side by side."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sknn_suite.data import as_tensor
from sknn_suite.modules._autoencoder import Autoencoder
from sknn_suite.modules._dropout import OwnedRandomness

# Bounds of the logarithmic variance of a code, against overflow in early steps.
MIN_LOG_VARIANCE, MAX_LOG_VARIANCE = -8.0, 4.0

# A net starts nearly as an ordinary autoencoder.
START_LOG_VARIANCE = -2.0


class Sampler(OwnedRandomness, nn.Module):
    """Draw codes in training; give their means in evaluation.

    Shape
    -----
    mean, log_variance : (..., n_components)
    returns : the same
    """

    def forward(self, mean: Tensor, log_variance: Tensor) -> Tensor:
        if not self.training:
            return mean
        drawn = torch.empty(mean.shape, dtype=mean.dtype, device=mean.device)
        drawn.normal_(generator=self.generator)
        return mean + torch.exp(0.5 * log_variance) * drawn


class VAE(Autoencoder):
    """Autoencoder whose codes are normal distributions.

    The codes that it returns are means, then logarithmic variances.

    Parameters
    ----------
    n_draws : int, default=0
        Codes per row that `draws` gives.
    **kwargs : dict
        Parameters of `Autoencoder`.

    Shape
    -----
    x : (n_samples, n_inputs), float
    returns : (n_members, n_samples, n_outputs + 2 * n_components), float

    References
    ----------
    Kingma & Welling, "Auto-Encoding Variational Bayes", ICLR 2014.

    Examples
    --------
    >>> import torch
    >>> from sknn_suite.modules import VAE
    >>> module = VAE(
    ...     n_inputs=8, n_components=2, hidden_layer_sizes=(16,),
    ...     decoder_hidden_layer_sizes=(16,),
    ... )
    >>> module.to_empty(device="cpu")(torch.zeros(5, 8)).shape
    torch.Size([1, 5, 12])
    """

    codes_per_component = 2

    def __init__(self, *, n_draws: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.sampler = Sampler()
        # The same draws for every row, so that scores are the same in every call.
        shape = (n_draws, self.n_members, 1, self.n_components)
        self.register_buffer("noise", torch.empty(shape, device="meta"))
        self.noise: Tensor

    @torch.no_grad()
    def reset_parameters(self, random_state: np.random.RandomState) -> None:
        super().reset_parameters(random_state)
        bias = self.encoder.linears[-1].bias.view(self.n_members, -1)
        bias[:, self.n_components :] = START_LOG_VARIANCE
        self.noise.copy_(as_tensor(random_state.normal(size=self.noise.shape)))

    def encode(self, x: Tensor) -> Tensor:
        return torch.cat(self._moments(x), dim=2)

    def code_and_decode(self, x: Tensor) -> list[Tensor]:
        # The same as the inherited one without joining parts that are split again.
        mean, log_variance = self._moments(x)
        return [self.decode(self.sampler(mean, log_variance)), mean, log_variance]

    def _moments(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Means and logarithmic variances of codes."""
        mean, log_variance = self.encoder.split(x)
        if log_variance is None:
            mean, log_variance = mean.chunk(2, dim=2)
        return mean, log_variance.clamp(MIN_LOG_VARIANCE, MAX_LOG_VARIANCE)

    def latent(self, codes: Tensor) -> Tensor:
        return self.sampler(*codes.chunk(2, dim=2))

    def draws(self, codes: Tensor) -> Tensor:
        """Codes drawn for each row, (n_draws, n_members, n_samples, n_components)."""
        mean, log_variance = codes.chunk(2, dim=2)
        return mean + torch.exp(0.5 * log_variance) * self.noise
