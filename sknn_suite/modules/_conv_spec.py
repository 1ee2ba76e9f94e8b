"""Convolutional networks from a short list of their layers."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from torch import Tensor, nn

from sknn_suite.exceptions import DataError
from sknn_suite.modules._activations import ACTIVATIONS, make_activation
from sknn_suite.modules._dropout import Dropout, SpatialDropout
from sknn_suite.modules._image_pooling import GlobalAveragePool
from sknn_suite.modules._norm import BatchNorm, BatchNorm2d

# Networks that are lists of layers.
CONV_SPECS: dict[str, tuple] = {
    "simple": ((32, 3), "pool", (32, 3), "pool", 64),
    "lenet5": ((6, 5), "average_pool", (16, 5), "average_pool", 120, 84),
}

POOLS: dict[str, type[nn.Module]] = {
    "pool": nn.MaxPool2d,
    "max_pool": nn.MaxPool2d,
    "average_pool": nn.AvgPool2d,
}
GLOBAL_POOLS: dict[str, Callable[[], nn.Module]] = {
    "global_max_pool": lambda: nn.AdaptiveMaxPool2d(1),
    "global_average_pool": GlobalAveragePool,
}
DROPOUTS: dict[str, type[Dropout]] = {
    "dropout": Dropout,
    "spatial_dropout": SpatialDropout,
}
# Activations of output layers.
OUTPUTS = ("softmax", "log_softmax")
EXPECTED = (
    "Expected (channels, kernel[, stride[, padding]]), with whole numbers or the "
    "padding 'same', a number of dense units, either with an activation at the end, "
    "such as (16, 3, 'relu') or (64, 'tanh'), "
    "'pool', 'max_pool' or 'average_pool' (or with a size: ('pool', 3)), "
    "'global_max_pool', 'global_average_pool', 'batch_norm', ('dropout', p) or "
    "('spatial_dropout', p)."
)


class ConvNet(nn.Module):
    """Convolutions, pooling and dense layers, as a list names them.

    Parameters
    ----------
    layers : sequence
        The layers before the last one, which gives the scores:

        - ``(channels, kernel[, stride[, padding]])``, a convolution and its activation;
          without padding unless it is given;
        - ``"pool"`` or ``"max_pool"``, ``"average_pool"``, of 2x2 pixels, and
          ``("pool", size[, stride])``; ``"global_max_pool"`` and
          ``"global_average_pool"``;
        - ``"batch_norm"``, before the activation of the layer that it follows;
        - ``("dropout", p)`` of units, ``("spatial_dropout", p)`` of channels;
        - a number of dense units, and their activation;
        - ``(16, 3, "tanh")`` or ``(64, "tanh")``, a convolution or dense units with
          another activation than `activation`.
    image_shape : tuple of int
        Height, width and channels.
    n_outputs : int
        Raw scores.
    activation : str, default="relu"
        A name in `ACTIVATIONS`, for layers that name none.
    batch_norm : bool, default=False
        Whether all convolutions and dense layers are batch-normalised.
    dropout : float, default=0.0
        Before the last layer.

    Shape
    -----
    x : (n, channels, height, width)
    returns : (n, n_outputs)

    Examples
    --------
    >>> from sknn_suite.modules import ConvNet
    >>> layers = [(32, 3), "pool", (32, 3), "pool", 64]
    >>> net = ConvNet(layers, (28, 28, 1), n_outputs=10)
    >>> sum(p.numel() for p in net.parameters())
    61482
    """

    def __init__(
        self,
        layers: Sequence[Any],
        image_shape: tuple[int, int, int],
        n_outputs: int,
        activation: str = "relu",
        batch_norm: bool = False,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        # Activation of each layer with weights, by which they are drawn.
        self.activation_names: dict[str, str] = {}
        h, w, c = image_shape
        self._shape: tuple[int, ...] = (c, h, w)
        parts: list[nn.Module] = []
        waiting = None  # the activation of a layer whose norm comes first
        for i, given in enumerate(layers):
            layer, name = _split_activation(given, activation)
            parts += self._make_layer(layer, f"layer {i + 1}, {_show(given)},")
            if name is not None:
                self.activation_names[f"layers.{len(parts) - 1}"] = name
                waiting = name
                if i + 1 < len(layers) and layers[i + 1] == "batch_norm":
                    continue
                if batch_norm:
                    parts.append(self._make_norm())
            if waiting is not None:
                parts.append(make_activation(waiting))
            waiting = None
        parts += self._flatten()
        if dropout > 0:
            parts.append(Dropout(dropout))
        parts.append(nn.Linear(self._shape[0], n_outputs))
        self.layers = nn.Sequential(*parts)

    def _make_layer(self, layer: Any, where: str) -> list[nn.Module]:
        """Make a layer without its activation; `where` is how errors name it."""
        if layer == "batch_norm":
            return [self._make_norm()]
        if _is_convolution(layer):
            return [self._make_convolution(where, *layer)]
        if _is_number(layer) and layer > 0:
            flat = self._flatten()
            linear = nn.Linear(self._shape[0], int(layer))
            self._shape = (int(layer),)
            return [*flat, linear]
        is_sequence = isinstance(layer, list | tuple) and len(layer) > 0
        name, *sizes = layer if is_sequence else (layer,)
        if name in POOLS and len(self._shape) == 3 and len(sizes) <= 2:
            size = int(sizes[0]) if sizes else 2
            stride = int(sizes[1]) if len(sizes) > 1 else size
            self._shrink(where, size, stride, 0)
            return [POOLS[name](size, stride)]
        if name in GLOBAL_POOLS and len(self._shape) == 3 and not sizes:
            self._shape = (self._shape[0], 1, 1)
            return [GLOBAL_POOLS[name]()]
        if name in DROPOUTS and len(sizes) == 1 and 0 <= sizes[0] < 1:
            return [DROPOUTS[name](float(sizes[0]))]
        if is_sequence and sizes and sizes[-1] in OUTPUTS and _is_number(name):
            raise DataError(
                f"architecture has {where} which is an output layer. Expected the "
                "layers before it, since fit adds one output for each class. Leave it "
                "out."
            )
        remedy = "Change this layer."
        if is_sequence and not sizes and _is_number(name):
            remedy = f"Write {name} for {name} dense units."
        raise DataError(
            f"architecture has {where} which is unknown or in the wrong place. "
            f"{EXPECTED} {remedy}"
        )

    def _make_convolution(
        self, where: str, n_outputs: int, kernel: Any, stride: int = 1, padding: Any = 0
    ) -> nn.Conv2d:
        if len(self._shape) != 3:
            raise DataError(
                f"architecture has a convolution of {n_outputs} channels after a "
                "dense layer. Expected convolutions first. Change the order."
            )
        n_inputs = self._shape[0]
        if padding == "same":
            padding = int(kernel) // 2
        self._shrink(where, int(kernel), int(stride), int(padding))
        self._shape = (int(n_outputs), *self._shape[1:])
        return nn.Conv2d(
            n_inputs, int(n_outputs), int(kernel), int(stride), int(padding)
        )

    def _make_norm(self) -> nn.Module:
        kind = BatchNorm2d if len(self._shape) == 3 else BatchNorm
        return kind(self._shape[0])

    def _shrink(self, where: str, size: int, stride: int, padding: int) -> None:
        """Follow height and width through a layer."""
        _, h, w = self._shape
        after = [(n + 2 * padding - size) // stride + 1 for n in (h, w)]
        if min(after) < 1:
            raise DataError(
                f"Images are too small for {where} of architecture: "
                f"{h} x {w} pixels are left there. Expected at least {size} x {size}. "
                "Leave layers out, pass larger images, or set image_shape if X holds "
                "flat rows."
            )
        self._shape = (self._shape[0], *after)

    def _flatten(self) -> list[nn.Module]:
        if len(self._shape) == 1:
            return []
        self._shape = (int(np.prod(self._shape)),)
        return [nn.Flatten()]

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


def _show(layer: Any) -> str:
    """Write a layer as users write it: a configuration has lists for tuples."""
    return repr(tuple(layer) if isinstance(layer, list) else layer)


def _is_number(layer: Any) -> bool:
    return isinstance(layer, int | np.integer) and not isinstance(layer, bool)


def _is_convolution(layer: Any) -> bool:
    if not isinstance(layer, list | tuple) or not 2 <= len(layer) <= 4:
        return False
    sizes, padding = layer[:3], layer[3:]
    return all(map(_is_number, sizes)) and all(
        _is_number(p) or p == "same" for p in padding
    )


def _split_activation(layer: Any, usual: str) -> tuple[Any, str | None]:
    """Split a layer with weights into itself and its activation; others have None."""
    if _is_number(layer) or _is_convolution(layer):
        return layer, usual
    if isinstance(layer, list | tuple) and len(layer) > 1 and _is_number(layer[0]):
        *sizes, name = layer
        body = sizes[0] if len(sizes) == 1 else sizes
        known = isinstance(name, str) and name in ACTIVATIONS
        if known and (_is_number(body) or _is_convolution(body)):
            return body, name
    return layer, None
