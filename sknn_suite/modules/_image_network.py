"""The frame of every network for images: it takes pixels, and can return features."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from sknn_suite.modules._one_pixel import CropKernels


class ImageNetwork(nn.Module):
    """A network with the scaling of its pixels, and a view into its last layer.

    Parameters
    ----------
    network : nn.Module
        Images, (n, channels, height, width), to raw scores.
    n_channels : int
        Channels of the images.
    n_channels_expected : int, default=None
        Channels that the network takes; grey images are repeated for it.
    from_pair : bool, default=False
        Whether the network gives two scores for two classes, which become one.
    in_halves : bool, default=False
        Whether layer-wise rates and freezing count three groups: the body's first
        half, its second half, and the last layer; by default every layer counts.
    crops_kernels : bool, default=False
        Whether a convolution in it meets images of one pixel, see `CropKernels`.
    body_frozen : bool, default=False
        Whether all but the last layer is left as it is, batch norms included.

    Shape
    -----
    x : (n, height, width, channels), uint8 or float
    prepared : (n, channels, height, width), float, scaled already
    features : (n, n_features), the inputs of the last layer
    returns : (n, n_outputs)
    """

    def __init__(
        self,
        network: nn.Module,
        n_channels: int,
        n_channels_expected: int | None = None,
        from_pair: bool = False,
        in_halves: bool = False,
        crops_kernels: bool = False,
        body_frozen: bool = False,
    ) -> None:
        super().__init__()
        self.network = network
        self.in_halves = in_halves
        self.n_channels = n_channels
        self.n_channels_expected = n_channels_expected or n_channels
        self.from_pair = from_pair
        self.crops_kernels = crops_kernels
        self.center: Tensor
        self.factor: Tensor
        self.register_buffer("center", torch.zeros(n_channels))
        self.register_buffer("factor", torch.ones(n_channels))
        # Views of the images whose scores are averaged outside training.
        self.views: Sequence[Callable[[Tensor], Tensor]] = ()
        self.body_frozen = body_frozen
        self.head_name = find_head(network)
        self._tap = HeadInput()
        self._recording: Any = None
        if self.head_name is not None:
            record = self._tap.record
            self._recording = self.head.register_forward_pre_hook(record)

    @property
    def head(self) -> Any:
        """The last linear layer."""
        assert self.head_name is not None
        return self.network.get_submodule(self.head_name)

    @torch.no_grad()
    def set_scaling(self, center: Tensor, scale: Tensor) -> None:
        """Set mean and deviation of each channel."""
        self.center.copy_(center)
        self.factor.copy_(1 / scale)

    def stop_recording(self) -> None:
        """Leave the network to others; `features` is over."""
        if self._recording is not None:
            self._recording.remove()

    def prepare(self, x: Tensor) -> Tensor:
        """Scale pixels; the result is channels_last, as stored pixels are."""
        x = (x.to(self.center.dtype) - self.center) * self.factor
        return x.permute(0, 3, 1, 2)

    def train(self, mode: bool = True) -> "ImageNetwork":
        super().train(mode)
        if mode and self.body_frozen:
            self.network.eval()
            self.head.train()
        return self

    def depth_groups(self) -> list[list[nn.Parameter]]:
        """Parameters of each layer, from input to output; see `in_halves`."""
        own_groups: Any = getattr(self.network, "depth_groups", None)
        if own_groups is not None:
            return own_groups()
        *layers, head = layers_of(self.network, self.head_name)
        if self.in_halves:
            middle = len(layers) // 2
            halves = layers[:middle], layers[middle:]
            layers = [[p for layer in half for p in layer] for half in halves]
            return [*layers, head]  # always three, as recipes for fine-tuning say
        return [group for group in (*layers, head) if group]

    @property
    def n_features(self) -> int | None:
        """Number of inputs of the last layer; None if no layer is linear."""
        return None if self.head_name is None else self.head.in_features

    def features(self, x: Tensor) -> Tensor:
        """Compute the inputs of the last layer, (n, n_features)."""
        with self._tap as tap:
            self._scores(self.prepare(x))
            return tap.value

    def forward(
        self,
        x: Tensor | None = None,
        *,
        prepared: Tensor | None = None,
        features: Tensor | None = None,
    ) -> Tensor:
        if features is not None:
            return self._one(self.head(features))
        if prepared is None:
            assert x is not None
            prepared = self.prepare(x)
        if self.body_frozen and self.training:
            with torch.no_grad(), self._tap as tap:
                self._scores(prepared)
            if torch.is_autocast_enabled(prepared.device.type):
                # torch 2.6 would take the head's weights as they were cast just now,
                # without a gradient.
                torch.clear_autocast_cache()
            return self._one(self.head(tap.value))
        if self.views and not self.training:
            scores = [self._scores(view(prepared)) for view in self.views]
            return torch.stack(scores).mean(0)
        return self._scores(prepared)

    def _scores(self, prepared: Tensor) -> Tensor:
        if self.n_channels != self.n_channels_expected:
            prepared = prepared.expand(-1, self.n_channels_expected, -1, -1)
        if self.crops_kernels and torch.is_grad_enabled():
            with CropKernels():
                return self._one(self.network(prepared))
        return self._one(self.network(prepared))

    def _one(self, scores: Tensor) -> Tensor:
        if scores.ndim > 2:
            scores = scores.flatten(1)
        # softmax of two scores is the sigmoid of their difference
        return scores[:, 1:] - scores[:, :1] if self.from_pair else scores


class HeadInput:
    """Records the input of a layer, on demand, in the present thread only."""

    def __init__(self) -> None:
        self._of_thread = threading.local()

    def __deepcopy__(self, memo: dict) -> "HeadInput":
        return memo.setdefault(id(self), HeadInput())

    def __enter__(self) -> "HeadInput":
        self._of_thread.wanted = True
        return self

    def __exit__(self, *error: Any) -> None:
        self._of_thread.wanted = False

    @property
    def value(self) -> Tensor:
        """The input that was recorded last."""
        return self._of_thread.value

    def record(self, layer: nn.Module, inputs: tuple) -> None:
        """Remember the layer's input."""
        if getattr(self._of_thread, "wanted", False):
            self._of_thread.value = inputs[0]


def find_head(network: nn.Module) -> str | None:
    """Name of the last linear layer, None if there is none."""
    names = [
        name for name, part in network.named_modules() if isinstance(part, nn.Linear)
    ]
    return names[-1] if names else None


def layers_of(network: nn.Module, head_name: str | None) -> list[list[nn.Parameter]]:
    """Parameters of each layer, the head last; a norm belongs to the layer before.

    Shared parameters belong to the first of their layers.
    """
    layers: list[list[nn.Parameter]] = []
    head: list[nn.Parameter] = []
    seen: set[int] = set()
    for name, part in network.named_modules():
        own = [p for p in part.parameters(recurse=False) if id(p) not in seen]
        seen |= {id(p) for p in own}
        if not own:
            continue
        if name == head_name:
            head = own
        elif any(p.ndim >= 2 for p in own) or not layers:
            layers.append(own)
        else:
            layers[-1].extend(own)
    return [*layers, head]
