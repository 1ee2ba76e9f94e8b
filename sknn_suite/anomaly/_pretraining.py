"""Training of an autoencoder layer by layer, before it is trained as a whole."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sknn_suite.data import TensorBundle
from sknn_suite.device import CHUNK_ROWS, Place, RowLimit
from sknn_suite.estimator import Run
from sknn_suite.losses import SquaredLoss
from sknn_suite.modules import (
    EnsembleLinear,
    make_activation,
    materialize,
)
from sknn_suite.parameters import TrainingParameters
from sknn_suite.training import Progress, make_net

RATE = 5e-3


class LayerPair(nn.Module):
    """A hidden layer of the encoder, and the layer that undoes it.

    Shape
    -----
    x : (n_samples, n_members * n_inputs)
    returns : the same
    """

    def __init__(self, forth: EnsembleLinear, back: EnsembleLinear, name: str) -> None:
        super().__init__()
        self.forth = forth
        self.activation = make_activation(name)
        self.back = back

    def hidden(self, x: Tensor) -> Tensor:
        """Output of the hidden layer, (n_samples, n_members * n_outputs)."""
        return _flat(self.activation(self.forth(self._by_member(x))))

    def _by_member(self, x: Tensor) -> Tensor:
        return x.view(len(x), self.forth.n_members, -1).transpose(0, 1)

    def forward(self, x: Tensor) -> Tensor:
        hidden = self._by_member(self.hidden(x))
        return _flat(self.back(hidden))


def pretrain(
    module: Any,
    activation: str,
    run: Run,
    n_epochs: int,
    batch_size: int,
    random_state: np.random.RandomState,
) -> None:
    """Train each hidden layer of `module` to keep what the layer before it gives.

    References
    ----------
    Bengio et al., "Greedy Layer-Wise Training of Deep Networks", NeurIPS 2006.
    """
    make_training: Any = TrainingParameters  # mypy takes its defaults for none
    parameter = next(module.parameters())
    place = Place(parameter.device, parameter.dtype)
    rows = run.train.take(_index(run.train))
    x = rows.inputs["x"].repeat(1, module.n_members)
    encoder, decoder = module.encoder, module.decoder
    undoing = list(reversed(getattr(decoder, "linears", [])))
    for depth, forth in enumerate(list(encoder.linears)[:-1]):
        assert isinstance(forth, EnsembleLinear)  # a ModuleList does not say
        back = undoing[depth] if depth < len(undoing) else None
        shape = (forth.n_outputs, forth.n_inputs)
        if back is None or (back.n_inputs, back.n_outputs) != shape:
            back = EnsembleLinear(forth.n_members, *shape)
            materialize(back, place.device, place.dtype)
            back.draw(random_state)
        pair = LayerPair(forth, back, activation)
        net = make_net(
            make_training(alpha=0.0, max_grad_norm=1.0),
            pair,
            SquaredLoss(),
            place,
            Progress(),
            rate=RATE,
            n_rows=len(rows),
            batch_size=batch_size,
            max_epochs=n_epochs,
            planned_epochs=n_epochs,
            learning_rate="constant",
            epochs_before=0,
            t=0,
            random_state=random_state,
        )
        net.callbacks = []
        net.initialize()
        net.partial_fit(TensorBundle({"x": x}, x, rows.weight), None)
        pair.eval()
        with torch.no_grad():
            limit = RowLimit(place.device, CHUNK_ROWS)
            x = limit.map(_hidden_of(pair, x), len(x))


def _hidden_of(pair: LayerPair, x: Tensor) -> Callable[[slice], Tensor]:
    return lambda rows: pair.hidden(x[rows])


def _index(bundle: TensorBundle) -> Tensor:
    if bundle.rows is not None:
        return bundle.rows
    return torch.arange(len(bundle), device=bundle.device)


def _flat(x: Tensor) -> Tensor:
    """(n_members, n_samples, n) to (n_samples, n_members * n)."""
    return x.transpose(0, 1).reshape(x.shape[1], -1)
