"""Autoencoders as nodes."""

from typing import Any

import numpy as np

from sknn_suite.export._activations import write_activation
from sknn_suite.export._layers import weights_of
from sknn_suite.export._value import Value
from sknn_suite.modules import VAE, TiedDecoder
from sknn_suite.modules._vae import MAX_LOG_VARIANCE, MIN_LOG_VARIANCE


class AutoencoderWriter:
    """Writes autoencoders side by side; the axis of nets comes first.

    Parameters
    ----------
    module : Autoencoder
        The nets.
    """

    def __init__(self, module: Any) -> None:
        self.module = module
        self.is_variational = isinstance(module, VAE)

    def encode(self, x: Value) -> Value:
        """Write codes of rows: (n, n_inputs) to (n_nets, n, n_codes)."""
        codes = self._encoder(self.module.encoder, x)
        if not self.is_variational:
            return codes
        n = self.module.n_components
        log_variance = codes.cut(2, n).clip(MIN_LOG_VARIANCE, MAX_LOG_VARIANCE)
        return codes.cut(2, 0, n).join(log_variance, axis=2)

    def means(self, codes: Value) -> Value:
        """Write the part of codes that is decoded."""
        return codes.cut(2, 0, self.module.n_components)

    def draws(self, codes: Value) -> Value | None:
        """Write the codes that a VAE draws, (n_draws, n_nets, n, n_components)."""
        if not self.is_variational or len(self.module.noise) == 0:
            return None
        spread = (0.5 * codes.cut(2, self.module.n_components)).exp()
        return self.means(codes) + spread * weights_of(self.module.noise)

    def decode(self, codes: Value) -> Value:
        """Write raw outputs: (..., n_nets, n, n_components) to (..., n, n_outputs)."""
        decoder, module = self.module.decoder, self.module
        tied = isinstance(decoder, TiedDecoder)
        out = self._tied(decoder, codes) if tied else self._encoder(decoder, codes)
        if module.log_scale is None:
            return out
        shape = (module.n_members, 1, module.n_inputs)
        log_scale = out.alike(weights_of(module.log_scale).reshape(shape))
        like = out.then("Shape", dtype=np.int64)
        return out.join(log_scale.then("Expand", like), axis=-1)

    def _encoder(self, encoder: Any, x: Value) -> Value:
        h = x
        *hidden, last = encoder.linears
        for linear, activation in zip(hidden, encoder.activations):
            h = write_activation(activation, _ensemble_linear(linear, h))
        out = _ensemble_linear(last, h)
        if encoder.shortcut is None:
            return out
        past, n = _ensemble_linear(encoder.shortcut, x), encoder.shortcut.n_outputs
        if n == last.n_outputs:
            return out + past
        return (out.cut(-1, 0, n) + past).join(out.cut(-1, n), axis=-1)

    def _tied(self, decoder: Any, codes: Value) -> Value:
        encoder, h = self.module.encoder, codes
        n_inputs = self.module.n_components
        linears = list(reversed(encoder.linears))
        for i, (linear, bias) in enumerate(zip(linears, decoder.biases)):
            if i:
                h = write_activation(decoder.activations[i - 1], h)
            weight = weights_of(linear.stacked)[:, :n_inputs]
            h = h @ weight + weights_of(bias).reshape(linear.n_members, 1, -1)
            n_inputs = linear.n_inputs
        if encoder.shortcut is None:
            return h
        return h + codes @ weights_of(encoder.shortcut.stacked)


def _ensemble_linear(layer: Any, x: Value) -> Value:
    out = x @ weights_of(layer.stacked).transpose(0, 2, 1)
    if layer.bias is None:
        return out
    return out + weights_of(layer.bias).reshape(layer.n_members, 1, -1)
