"""Some of the models of a pack, without the others, and the mean of those."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from sknn_suite.estimator import FittedNet
from sknn_suite.modules import Network


def network_of(network: Network, chosen: Sequence[int]) -> Network:
    """Return the network of some models of a pack."""
    config = dict(network.config)
    for name in ("sizes", "dropout", "rates"):
        config[name] = tuple(config[name][m] for m in chosen)
    return Network(network.kind, config)


def part_of(array: Any, n_models: int, chosen: Sequence[int]) -> Any:
    """Take what some models have of an array, or tensor, of the first `n_models`.

    Parameters
    ----------
    array : ndarray or Tensor
        Models on the first axis, or all numbers end to end.
    n_models : int
        Models that have a part; they come first.
    chosen : sequence of int
        Models, rising.
    """
    own = [m for m in chosen if m < n_models]
    part = array.reshape(n_models, -1)[own]
    return part.reshape(-1) if array.ndim == 1 else part.reshape(-1, *array.shape[1:])


def weights_of_models(
    module: Any, weights: dict[str, np.ndarray], chosen: Sequence[int]
) -> dict[str, np.ndarray]:
    """Take the weights of some models of a module; layers that none has are left out.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_suite.modules import Network
    >>> from sknn_suite.tabular._fewer_models import weights_of_models
    >>> config = {"n_numbers": 0, "n_flags": 2, "n_choices": (), "n_codes": ()}
    >>> config |= {"n_outputs": 1, "sizes": ((4, 4), (4,)), "dropout": (0.0, 0.0)}
    >>> module = Network("tabular_pack", config | {"rates": (1.0, 1.0)}).skeleton()
    >>> weights = {n: np.zeros(p.shape) for n, p in module.named_parameters()}
    >>> sorted(weights_of_models(module, weights, [1]))[:2]
    ['linears.0.bias', 'linears.0.weight']
    """
    found = {}
    for name, (_, n_models) in module.stacked().items():
        part = part_of(weights[name], n_models, chosen)
        if part.size:
            found[name] = part
    return found


def combining(
    net: FittedNet, link: str, share: np.ndarray, sharpness: float
) -> FittedNet:
    """Make the mean of the members the prediction of a net."""
    network = Network(net.network.kind, net.network.config | {"link": link})
    added = {
        "share": share.astype(net.dtype),
        "sharpness": np.full(1, sharpness, dtype=net.dtype),
    }
    return replace(net, network=network, weights=net.weights | added)


def keep(net: FittedNet, kept: np.ndarray) -> FittedNet:
    """Leave some members of a net."""
    chosen = kept.tolist()
    weights = weights_of_models(net.network.skeleton(), net.weights, chosen)
    return replace(net, network=network_of(net.network, chosen), weights=weights)
