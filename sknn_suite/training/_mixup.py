"""Mixup: rows and their losses, mixed in pairs."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from sknn_suite.data import TensorBundle


class Mixed(NamedTuple):
    """The second row of each pair: its target, its weight, the first one's share."""

    target: Tensor
    weight: Tensor | None
    share: float


@dataclass(frozen=True)
class Mixup:
    """Mix each row of a batch with another, by a share drawn from Beta(alpha, alpha).

    The losses are mixed instead of the targets: this is the same for log-loss, and
    works for all losses.

    Parameters
    ----------
    alpha : float
        In (0, inf); 0.2 mixes little, 1 draws all shares alike.

    References
    ----------
    Zhang et al., "mixup: Beyond Empirical Risk Minimization", ICLR 2018.
    """

    alpha: float

    def bind(
        self, module: nn.Module, random_state: np.random.RandomState
    ) -> "BoundMixup":
        """Take the source of the shares; the partners come from the net's generator."""
        return BoundMixup(self.alpha, random_state)


@dataclass
class BoundMixup:
    """A `Mixup` in training, which draws from `random_state`."""

    alpha: float
    random_state: np.random.RandomState

    def __call__(
        self, batch: TensorBundle, generator: torch.Generator | None
    ) -> tuple[TensorBundle, Mixed]:
        """Return the mixed batch, with the first rows' targets, and the second's."""
        share = float(self.random_state.beta(self.alpha, self.alpha))
        partner = torch.randperm(len(batch), generator=generator, device=batch.device)
        inputs = {}
        for name, x in batch.inputs.items():
            if (
                not isinstance(x, Tensor)
                or not x.is_floating_point()
                or x.is_sparse_csr
            ):
                raise ValueError(
                    f"mixup cannot mix the input '{name}', which is not a dense array "
                    "of numbers. Expected dense numbers. Set mixup=0."
                )
            inputs[name] = torch.lerp(x[partner], x, share)
        weight = None if batch.weight is None else batch.weight[partner]
        mixed = Mixed(batch.target[partner], weight, share)
        return TensorBundle(inputs, batch.target, batch.weight), mixed
