"""Autoencoders, several of them side by side."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sknn_suite.modules._activations import make_activation
from sknn_suite.modules._corruption import Corruption
from sknn_suite.modules._ensemble_linear import (
    EnsembleLinear,
    affine,
    make_bias,
    split_models,
)

# The last layers start small beside the linear shortcut, which starts as a projection.
SMALL_START = 0.3

# Length of the step by which the slope of the encoder is measured.
SLOPE_STEP = 0.1


class Encoder(nn.Module):
    """Rows to codes: hidden layers, and a linear shortcut past them.

    Parameters
    ----------
    n_members : int
        Number of nets side by side.
    sizes : sequence of int
        Units from input to output, both included.
    activation : str
        A name in `ACTIVATIONS`.
    shortcut : int
        Outputs that a linear map of the input is added to; 0 for none.

    Shape
    -----
    x : (n_members, n_samples, sizes[0])
    returns : (n_members, n_samples, sizes[-1])
    """

    def __init__(
        self, n_members: int, sizes: Sequence[int], activation: str, shortcut: int
    ) -> None:
        super().__init__()
        self.linears: Any = nn.ModuleList(
            EnsembleLinear(n_members, n_in, n_out) for n_in, n_out in pairwise(sizes)
        )
        self.activations = nn.ModuleList(
            make_activation(activation, n_members) for _ in self.linears[1:]
        )
        self.shortcut: EnsembleLinear | None = None
        if shortcut:
            self.shortcut = EnsembleLinear(n_members, sizes[0], shortcut, bias=False)

    def draw(self, random_state: np.random.RandomState) -> None:
        """Draw the weights of the layers; those of the shortcut are drawn elsewhere."""
        *hidden, last = self.linears
        for linear in hidden:
            linear.draw(random_state)
        last.draw(random_state, SMALL_START if self.shortcut is not None else 1.0)
        for activation in self.activations:
            if isinstance(activation, nn.PReLU):
                activation.reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        head, tail = self.split(x)
        return head if tail is None else torch.cat([head, tail], dim=2)

    def split(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return outputs with the shortcut added, and those without or None."""
        h = x
        for linear, activation in zip(self.linears, self.activations):
            h = activation(linear(h))
        out = self.linears[-1](h)
        if self.shortcut is None:
            return out, None
        n = self.shortcut.n_outputs
        head, tail = (out, None) if n == out.shape[2] else (out[..., :n], out[..., n:])
        return torch.baddbmm(head, x, self.shortcut.stacked.transpose(1, 2)), tail


class TiedDecoder(nn.Module):
    """Codes to rows with the encoder's weights, transposed.

    Parameters
    ----------
    encoder : Encoder
        The encoder whose weights are used; the decoder adds its own biases.
    n_inputs : int
        Length of the code.
    activation : str
        A name in `ACTIVATIONS`.
    """

    def __init__(self, encoder: Encoder, n_inputs: int, activation: str) -> None:
        super().__init__()
        self._encoder = [encoder]  # in a list: it is not a part of this module
        self.n_inputs = n_inputs
        first = encoder.linears[0]
        self.biases = nn.ParameterList(
            make_bias(first.n_members * linear.n_inputs, "meta")
            for linear in reversed(encoder.linears)
        )
        self.activations = nn.ModuleList(
            make_activation(activation, first.n_members) for _ in self.biases[1:]
        )

    @torch.no_grad()
    def draw(self, random_state: np.random.RandomState) -> None:
        """Set biases to zero."""
        for bias in self.biases:
            bias.zero_()
        for activation in self.activations:
            if isinstance(activation, nn.PReLU):
                activation.reset_parameters()

    def forward(self, code: Tensor) -> Tensor:
        encoder, h = self._encoder[0], code
        for i, (linear, bias) in enumerate(zip(reversed(encoder.linears), self.biases)):
            h = affine(h, linear.stacked[:, : h.shape[2]], bias)
            if i < len(self.activations):
                h = self.activations[i](h)
        if encoder.shortcut is None:
            return h
        return h + torch.bmm(code, encoder.shortcut.stacked)


class Autoencoder(nn.Module):
    """Encoder and decoder, several pairs side by side.

    The module returns raw outputs, from which the loss takes means and scales, followed
    by the codes, and in training by the numbers that the penalties need.

    Parameters
    ----------
    n_inputs : int
        Number of features.
    n_components : int
        Length of the code.
    hidden_layer_sizes : sequence of int
        Units of the encoder's hidden layers.
    decoder_hidden_layer_sizes : sequence of int
        Units of the decoder's hidden layers.
    activation : str, default="silu"
        A name in `ACTIVATIONS`.
    n_members : int, default=1
        Number of autoencoders.
    shortcut : bool, default=True
        Whether linear maps bypass the hidden layers.
    tied : bool, default=False
        Whether the decoder uses the encoder's weights.
    scale : {"fixed", "feature", "row"}, default="fixed"
        The logarithmic scale that is returned beside the mean of each feature: none,
        one that is the same for all rows, or one for each row.
    noise : float, default=0.0
        Deviation of gaussian noise, or share of masked features, in training.
    noise_kind : {"gaussian", "masking"}, default="gaussian"
        What is done to the rows in training.
    contraction : bool, default=False
        Whether the squared slope of the encoder is returned in training.

    Shape
    -----
    x : (n_samples, n_inputs), float
    returns : (n_members, n_samples, n_outputs + n_codes [+ 1]), float

    Examples
    --------
    >>> import torch
    >>> from sknn_suite.modules import Autoencoder
    >>> module = Autoencoder(8, 2, (16,), (16,), n_members=3)
    >>> module.to_empty(device="cpu")(torch.zeros(5, 8)).shape
    torch.Size([3, 5, 10])
    """

    # Numbers that the encoder returns for each component of the code.
    codes_per_component = 1

    def __init__(
        self,
        n_inputs: int,
        n_components: int,
        hidden_layer_sizes: Sequence[int],
        decoder_hidden_layer_sizes: Sequence[int],
        activation: str = "silu",
        n_members: int = 1,
        shortcut: bool = True,
        tied: bool = False,
        scale: str = "fixed",
        noise: float = 0.0,
        noise_kind: str = "gaussian",
        contraction: bool = False,
    ) -> None:
        super().__init__()
        self.n_inputs = n_inputs
        self.n_components = n_components
        self.n_members = n_members
        self.scale = scale
        self.contraction = contraction
        n_codes = n_components * self.codes_per_component
        self.n_outputs = n_inputs * (1 if scale == "fixed" else 2)
        self.corruption: Corruption | None = None
        if noise > 0 or contraction:
            self.corruption = Corruption(noise, noise_kind)
        self.encoder = Encoder(
            n_members,
            (n_inputs, *hidden_layer_sizes, n_codes),
            activation,
            n_components if shortcut else 0,
        )
        self.decoder: Encoder | TiedDecoder
        if tied:
            self.decoder = TiedDecoder(self.encoder, n_components, activation)
        else:
            n_decoded = self.n_outputs if scale == "row" else n_inputs
            self.decoder = Encoder(
                n_members,
                (n_components, *decoder_hidden_layer_sizes, n_decoded),
                activation,
                n_inputs if shortcut else 0,
            )
        self.log_scale: nn.Parameter | None = None
        if scale == "feature" or (scale == "row" and tied):
            self.log_scale = make_bias(n_members * n_inputs, "meta")

    @torch.no_grad()
    def reset_parameters(self, random_state: np.random.RandomState) -> None:
        """Draw initial weights: the shortcuts are a projection and its transpose."""
        self.encoder.draw(random_state)
        self.decoder.draw(random_state)
        if self.log_scale is not None:
            self.log_scale.zero_()
        if self.encoder.shortcut is None:
            return
        shape = (self.n_members, self.n_inputs, self.n_components)
        columns = random_state.normal(size=(shape[0], max(shape[1:]), shape[2]))
        projection = np.linalg.qr(columns)[0][:, : self.n_inputs]
        self.encoder.shortcut.fill(projection.transpose(0, 2, 1))
        if isinstance(self.decoder, Encoder) and self.decoder.shortcut is not None:
            self.decoder.shortcut.fill(projection)

    def models(self) -> list[list[Tensor]]:
        """Parameters of each autoencoder, as views."""
        return split_models(self, self.n_members)

    def encode(self, x: Tensor) -> Tensor:
        """Codes of rows, (n_members, n_samples, n_codes)."""
        return self.encoder(x)

    def means(self, codes: Tensor) -> Tensor:
        """Part of the codes that is decoded without noise."""
        return codes[..., : self.n_components]

    def latent(self, codes: Tensor) -> Tensor:
        """Part of the codes that is decoded now."""
        return codes

    def decode(self, latent: Tensor) -> Tensor:
        """Raw outputs of codes, (n_members, n_samples, n_outputs)."""
        out = self.decoder(latent)
        if self.log_scale is None:
            return out
        log_scale = self.log_scale.view(self.n_members, 1, self.n_inputs)
        return torch.cat([out, log_scale.expand_as(out)], dim=2)

    def forward(self, x: Tensor) -> Tensor:
        x = x.expand(self.n_members, *x.shape)
        parts = self.code_and_decode(
            x if self.corruption is None else self.corruption(x)
        )
        if self.contraction and self.training and self.corruption is not None:
            parts.append(self._squared_slope(x, self.corruption.generator))
        return torch.cat(parts, dim=2)

    def code_and_decode(self, x: Tensor) -> list[Tensor]:
        """Raw outputs, and the codes in one part or several."""
        codes = self.encode(x)
        return [self.decode(self.latent(codes)), codes]

    def _squared_slope(self, x: Tensor, generator: torch.Generator | None) -> Tensor:
        """Estimate |d code / d x|^2 of each row by one small random step.

        The expectation of |J u|^2 over u ~ N(0, I) is the squared Frobenius norm.
        """
        step = torch.empty_like(x, memory_format=torch.contiguous_format)
        step = step.normal_(generator=generator) * SLOPE_STEP
        change = self.means(self.encode(x + step)) - self.means(self.encode(x - step))
        return (change / (2 * SLOPE_STEP)).square().sum(dim=2, keepdim=True)
