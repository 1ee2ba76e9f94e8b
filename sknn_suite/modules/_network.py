"""Network: what a fit trains, as a kind and plain values."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from sknn_suite.modules._autoencoder import Autoencoder
from sknn_suite.modules._conditional_vae import ConditionalVAE
from sknn_suite.modules._image_builder import build_image_network
from sknn_suite.modules._init import materialize
from sknn_suite.modules._layer_pair import LayerPair
from sknn_suite.modules._mlp import MLP
from sknn_suite.modules._sequence_net import SequenceNet
from sknn_suite.modules._tabular_pack import TabularPack
from sknn_suite.modules._vae import VAE

# Builders by kind. Each takes the configuration and returns a module whose parameters
# have no values yet.
NETWORKS: dict[str, Callable[..., nn.Module]] = {
    "autoencoder": Autoencoder,
    "conditional_vae": ConditionalVAE,
    "image": build_image_network,
    "layer_pair": LayerPair,
    "mlp": MLP,
    "sequence": SequenceNet,
    "tabular_pack": TabularPack,
    "vae": VAE,
}


@dataclass(frozen=True)
class Network:
    """Kind and configuration of a network; a value that pickles and compares.

    Parameters
    ----------
    kind : str
        A name in `NETWORKS`.
    config : dict
        Arguments of its builder, plain values; the user's own module is the only
        exception.

    Examples
    --------
    >>> import torch
    >>> from sknn_suite.modules import Network
    >>> config = {"n_inputs": 4, "hidden_layer_sizes": (8,), "n_outputs": 3}
    >>> network = Network("mlp", config)
    >>> network.build(torch.device("cpu"), torch.float32)(torch.zeros(2, 4)).shape
    torch.Size([2, 3])
    """

    kind: str
    config: dict[str, Any]

    def skeleton(self) -> nn.Module:
        """Build the module without memory: for counting, not for computing."""
        return NETWORKS[self.kind](**self.config)

    def build(self, device: torch.device, dtype: torch.dtype) -> nn.Module:
        """Build the module with memory; parameters have no values yet."""
        return give_body(self.skeleton(), device, dtype)

    def is_like(self, other: "Network") -> bool:
        """Whether both are the same program; no module is built."""
        return self.kind == other.kind and _plain(self.config) == _plain(other.config)


def give_body(
    skeleton: nn.Module, device: torch.device, dtype: torch.dtype
) -> nn.Module:
    """Give a skeleton memory, in place; its parameters have no values yet.

    Buffers that are in no state_dict keep their values: only the module knows them.
    """
    fixed = {name: b for name, b in _buffers_in_no_state(skeleton) if not b.is_meta}
    materialize(skeleton, device, dtype)
    with torch.no_grad():
        for name, buffer in _buffers_in_no_state(skeleton) if fixed else ():
            buffer.copy_(fixed[name])
    return skeleton


def _buffers_in_no_state(module: nn.Module) -> list[tuple[str, torch.Tensor]]:
    buffers = list(module.named_buffers())
    kept = module.state_dict().keys() if buffers else ()
    return [(name, b) for name, b in buffers if name not in kept]


def _plain(value: Any) -> Any:
    """Values that compare; a module is its type, layers and shapes."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, nn.Module):
        shapes = {name: tuple(t.shape) for name, t in value.state_dict().items()}
        return type(value), repr(value), shapes
    return value
