"""Which parameters are trained, from which epoch on, at which share of the rate."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Any

import numpy as np
from torch import nn

from sknn_suite.training._flat import FlatParameters, depth_groups, is_weight
from sknn_suite.training._norms import set_training


@dataclass
class Segment:
    """Parameters that are treated alike.

    Parameters
    ----------
    parameters : list of nn.Parameter
        The parameters.
    decays : bool
        Whether penalties and weight decay apply.
    share : float
        Factor of the learning rate.
    thaws : int
        Epochs for which they are frozen first.
    """

    parameters: list[nn.Parameter]
    decays: bool
    share: float
    thaws: int


class ParameterGroups:
    """Layer-wise rates, freezing and unfreezing.

    Parameters
    ----------
    shares : sequence of float or None
        Factor of the rate of each layer, from input to output; None for all ones.
    freeze : int, sequence of str or None
        The first n layers, or patterns of parameter names, that are not trained.
    unfreeze_every : int or None
        Epochs after which one more frozen layer is trained, from the output back to
        the input; None never.
    decay_biases : bool
        Whether penalties and weight decay apply to biases and norms as well.
    epochs_before : int
        Epochs of earlier calls of partial_fit, which count for unfreezing.
    """

    def __init__(
        self,
        shares: Sequence[float] | None = None,
        freeze: int | Sequence[str] | None = None,
        unfreeze_every: int | None = None,
        decay_biases: bool = False,
        epochs_before: int = 0,
    ) -> None:
        self.shares = shares
        self.freeze = freeze
        self.unfreeze_every = unfreeze_every
        self.decay_biases = decay_biases
        self.epochs_before = epochs_before
        self._segments: list[Segment] = []
        self._fixed: set[int] | None = None

    def segments(self, module: nn.Module) -> list[Segment]:
        """Arrange the parameters that are or will be trained; weights come first.

        What the module's author has frozen stays frozen.
        """
        if self._fixed is None:  # later some are frozen by this method
            fixed = [p for p in module.parameters() if not p.requires_grad]
            self._fixed = {id(p) for p in fixed}
        layers = depth_groups(module)
        frozen = self._frozen(module, layers)
        shares = self._shares(len(layers), module)
        segments: dict[tuple, Segment] = {}
        for depth, layer in enumerate(layers):
            for p in layer:
                if id(p) in self._fixed:
                    continue
                thaws = self._thaws(depth, layers, frozen) if id(p) in frozen else 0
                if thaws is None or shares[depth] == 0:
                    p.requires_grad_(False)
                    continue
                p.requires_grad_(thaws <= self.epochs_before)
                decays = is_weight(p) or self.decay_biases
                key = (not decays, shares[depth], thaws)
                segment = Segment([], decays, shares[depth], thaws)
                segments.setdefault(key, segment).parameters.append(p)
        if not segments and not self.freeze:
            raise ValueError(
                "The network has no parameter to train: all have requires_grad=False. "
                "Expected some with True. Set it for those to be trained."
            )
        if not segments:
            raise ValueError(
                f"freeze={self.freeze!r} leaves no parameter to train. "
                f"Expected fewer than {len(layers)} layers, or names of some "
                "parameters only. Lower it, or set unfreeze_every."
            )
        set_training(module, module.training)
        # Parameters that decay come first, and among them those that are trained first.
        self._segments = sorted(
            segments.values(), key=lambda s: (not s.decays, s.thaws)
        )
        return self._segments

    def for_optimizer(
        self, flat: FlatParameters, *, elementwise: bool, rate: float, **kwargs: Any
    ) -> list[dict]:
        """Parameter groups of all segments, the frozen ones included, for torch."""
        groups: dict[tuple, dict] = {}
        decay = kwargs.get("weight_decay", 0)
        numbers: dict[tuple, list[int]] = {}
        for number, segment in enumerate(self._segments):
            own_decay = decay if segment.decays else 0
            key = (segment.share, segment.thaws, own_decay)
            group = {
                "params": [],
                "share": segment.share,
                "thaws": segment.thaws,
                "lr": rate * segment.share,
            }
            if decay:
                group["weight_decay"] = own_decay
            groups.setdefault(key, group)["params"].extend(segment.parameters)
            numbers.setdefault(key, []).append(number)
        if elementwise:
            for key, group in groups.items():
                group["params"] = [flat.leaf(*run) for run in _runs(numbers[key])]
        return list(groups.values())

    def n_decaying(self, epoch: int) -> int:
        """Count the numbers at the start of the buffer that decay in `epoch`."""
        return sum(
            p.numel()
            for segment in self._segments
            if segment.decays and not self.is_frozen(segment.thaws, epoch)
            for p in segment.parameters
        )

    def is_frozen(self, thaws: int, epoch: int) -> bool:
        """Whether a layer that thaws after `thaws` epochs is frozen in `epoch`."""
        return thaws >= max(epoch, 1) + self.epochs_before

    def thaw(self, module: nn.Module, n_epochs: int) -> None:
        """Let gradients flow to layers that are not frozen after `n_epochs`."""
        n_epochs += self.epochs_before
        for segment in self._segments:
            if segment.thaws <= n_epochs:
                for p in segment.parameters:
                    p.requires_grad_(True)
        set_training(module, module.training)

    def _shares(self, n_layers: int, module: nn.Module) -> Sequence[float]:
        if self.shares is None:
            own: Any = getattr(module, "rate_shares", None)  # the module's own choice
            return [1.0] * n_layers if own is None else own()
        if len(self.shares) != n_layers:
            raise ValueError(
                f"learning_rate_init has {len(self.shares)} values, but the network "
                f"has {n_layers} layers with parameters. Expected one number, or one "
                "per layer from input to output. Change its length."
            )
        return self.shares

    def _frozen(self, module: nn.Module, layers: list[list[nn.Parameter]]) -> set[int]:
        if self.freeze is None:
            return set()
        if isinstance(self.freeze, int | np.integer):
            return {id(p) for layer in layers[: int(self.freeze)] for p in layer}
        named = dict(module.named_parameters())
        frozen: set[int] = set()
        for pattern in self.freeze:
            found = {
                id(p)
                for name, p in named.items()
                if fnmatch(name, pattern) or name.startswith(pattern + ".")
            }
            if not found:
                raise ValueError(
                    f"freeze names {pattern!r}, which is not a parameter of the "
                    f"network. Expected some of {', '.join(list(named)[:5])}, ... "
                    "Patterns such as 'linears.0.*' work too."
                )
            frozen |= found
        return frozen

    def _thaws(
        self, depth: int, layers: list[list[nn.Parameter]], frozen: set[int]
    ) -> int | None:
        """Epochs for which a layer stays frozen; None for ever."""
        if self.unfreeze_every is None:
            return None
        later = [d for d in range(depth, len(layers)) if _any_in(layers[d], frozen)]
        return self.unfreeze_every * len(later)


def _runs(numbers: list[int]) -> list[tuple[int, int]]:
    """First and last of each run of consecutive numbers."""
    runs: list[tuple[int, int]] = []
    for n in numbers:
        if runs and runs[-1][1] == n - 1:
            runs[-1] = (runs[-1][0], n)
        else:
            runs.append((n, n))
    return runs


def _any_in(layer: list[nn.Parameter], frozen: set[int]) -> bool:
    return any(id(p) in frozen for p in layer)
