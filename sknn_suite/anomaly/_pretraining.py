"""Training of an autoencoder layer by layer, before it is trained as a whole."""

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sknn_suite.data import TensorBundle
from sknn_suite.device import CHUNK_ROWS, RowLimit
from sknn_suite.losses import SquaredLoss
from sknn_suite.modules import LayerPair, Network
from sknn_suite.parameters import Settings
from sknn_suite.training import FitPlan, load_weights, train_first, weights_of

# How each pair of layers is trained.
SETTINGS = Settings(alpha=0.0, max_grad_norm=1.0, learning_rate_init=5e-3)


def pretrain(plan: FitPlan, activation: str, n_epochs: int, batch_size: int) -> FitPlan:
    """Train each hidden layer to keep the output of the layer before it.

    Returns
    -------
    FitPlan
        The same plan with these weights.

    References
    ----------
    Bengio et al., "Greedy Layer-Wise Training of Deep Networks", NeurIPS 2006.
    """
    module: Any = plan.network.skeleton()
    weights, random_state = dict(plan.weights), plan.random_state
    rows = plan.train.take(_index(plan.train))
    x = rows.inputs["x"].repeat(1, module.n_members)
    decoder = getattr(module.decoder, "linears", [])
    for depth, forth in enumerate(list(module.encoder.linears)[:-1]):
        sizes = (forth.n_members, forth.n_inputs, forth.n_outputs)
        config = dict(zip(("n_members", "n_inputs", "n_outputs"), sizes))
        network = Network("layer_pair", config | {"activation": activation})
        pair: Any = network.build(torch.device("cpu"), plan.place.dtype)
        names = {
            "forth": f"encoder.linears.{depth}",
            "activation": f"encoder.activations.{depth}",
        }
        back = decoder[len(decoder) - 1 - depth] if depth < len(decoder) else None
        if back is not None and (back.n_outputs, back.n_inputs) == sizes[1:]:
            names["back"] = f"decoder.linears.{len(decoder) - 1 - depth}"
        else:  # nothing to start from, and nowhere to keep it
            pair.back.draw(random_state)
        start = {own: weights[name] for own, name in _of_pair(weights, names).items()}
        load_weights(pair, start)
        trained = train_first(
            FitPlan(
                network=network,
                weights=weights_of(pair, copy=True),
                loss=SquaredLoss(),
                settings=SETTINGS,
                train=TensorBundle({"x": x}, x, rows.weight),
                valid=None,
                place=replace(plan.place, mixed=False),
                batch_size=batch_size,
                n_epochs=n_epochs,
                planned_epochs=n_epochs,
                random_state=random_state,
            )
        )
        random_state = trained.random_state
        for own, name in _of_pair(weights, names).items():
            weights[name] = trained.weights[own]
        x = _hidden(pair, trained.weights, x)
    return plan.change(weights=weights, random_state=random_state)


def _of_pair(weights: dict, names: dict[str, str]) -> dict[str, str]:
    """Names of the weights of a pair, and those that they have in the autoencoder."""
    found = {
        f"{part}.{kind}": f"{name}.{kind}"
        for part, name in names.items()
        for kind in ("weight", "bias")
    }
    return {own: name for own, name in found.items() if name in weights}


def _hidden(pair: LayerPair, weights: dict[str, np.ndarray], x: Tensor) -> Tensor:
    """Compute the output of the trained hidden layer for all rows."""
    load_weights(pair, weights)
    pair.eval()
    with torch.no_grad():
        limit = RowLimit(x.device, CHUNK_ROWS)
        return limit.map(lambda rows: pair.hidden(x[rows]), len(x))


def _index(bundle: TensorBundle) -> Tensor:
    if bundle.rows is not None:
        return bundle.rows
    return torch.arange(len(bundle), device=bundle.device)
