"""Reports on the layers of a net: units, gradients and the next update."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from sknn_suite.data import TensorBundle, make_batches
from sknn_suite.modules import (
    ACTIVATIONS,
    MLP,
    EnsembleLinear,
    RecurrentLayer,
    TiedDecoder,
)
from sknn_suite.training import TensorNet

_KINDS = tuple({type(make()) for name, make in ACTIVATIONS.items() if name != "prelu"})
_BOUNDED = (nn.Tanh, nn.Sigmoid, nn.Hardtanh, nn.Hardsigmoid, nn.Softsign)

# Ways to compute relu without a module.
_RELU = {torch.relu, torch.relu_, F.relu, Tensor.relu, Tensor.relu_}


class LayerReport(NamedTuple):
    """Report on one layer.

    Attributes
    ----------
    name : str
        Name of the layer. In a plain stack "layer 1" is the first hidden layer, and the
        last one is "output". In other networks it is the name that `summary` shows.

    dead : float
        Share of units whose activation is flat for every row, so that they never learn.
        The units of a convolution are its channels. 0 without an activation; NaN for
        recurrent layers, whose activations are internal.

    saturated : float
        Share of outputs, over rows and units, where a bounded activation is flat. NaN
        for other activations.

    gradient_norm : float
        Norm of the gradient of its weights, of several nets side by side the root of
        the mean square; NaN if they are frozen.

    update_ratio : float
        Norm of the next update divided by the norm of the weights; NaN for lbfgs and
        for frozen weights.
    """

    name: str
    dead: float
    saturated: float
    gradient_norm: float
    update_ratio: float


class Flatness:
    """How flat the activation after a layer is, collected batch by batch."""

    def __init__(self) -> None:
        self.is_dead: Tensor | None = None
        self.n_flat = self.n_seen = 0
        self.bounded = False

    def add(self, slope: Tensor, bounded: bool) -> None:
        """Add the slopes of a batch, of shape (n, n_units)."""
        slope = slope.to(torch.float64).abs()
        is_dead = (slope < 1e-6).all(dim=0)
        self.is_dead = is_dead if self.is_dead is None else self.is_dead & is_dead
        self.n_flat += int((slope < 1e-2).sum())
        self.n_seen += slope.numel()
        self.bounded = bounded

    @property
    def dead(self) -> float:
        """Share of units that are flat for every row."""
        return 0.0 if self.is_dead is None else float(self.is_dead.double().mean())

    @property
    def saturated(self) -> float:
        """Share of flat outputs, for bounded activations."""
        return self.n_flat / self.n_seen if self.bounded else math.nan


def examine(
    net: TensorNet, train: TensorBundle, n_rows: int, rate: float | None
) -> list[LayerReport]:
    """Report on all layers. The net makes a step and cannot be used afterwards.

    Parameters
    ----------
    net : TensorNet
        A net that is ready for a step.
    train : TensorBundle
        Rows to examine.
    n_rows : int
        Number of rows that go through the network at a time.
    rate : float or None
        Learning rate of the step. None means the rate with which training would
        continue.
    """
    layers = _layers_of(net.module_)
    flat = _look_at_activations(net, train, layers, n_rows)
    before = {
        name: [p.detach().clone() for p in _weights_of(part)]
        for name, part in layers.items()
    }
    batch = next(iter(make_batches(train, max(n_rows, net.batch_size))))
    steps = net.optimizer_ is not None
    if rate is not None and steps:
        _set_rate(net, rate)
    (net.train_step if steps else net.train_step_single)(batch)
    reports = []
    for name, title in _titles(net.module_, layers).items():
        weights = _weights_of(layers[name])
        trained = any(p.requires_grad for p in weights)
        gradients = [p.grad for p in weights if p.grad is not None]
        is_recurrent = isinstance(layers[name], RecurrentLayer)
        scale = math.sqrt(getattr(layers[name], "n_members", 1))
        reports.append(
            LayerReport(
                title,
                math.nan if is_recurrent else flat[name].dead,
                flat[name].saturated,
                _norm(gradients) / scale if trained and gradients else math.nan,
                _ratio(weights, before[name]) if trained and steps else math.nan,
            )
        )
    return reports


def _set_rate(net: TensorNet, rate: float) -> None:
    """Set the learning rate of all parameters that are not frozen."""
    for group in net.optimizer_.param_groups:
        if not net.recipe.groups.is_frozen(group["thaws"], 1):
            group["lr"] = rate * group["share"]


def _layers_of(module: nn.Module) -> dict[str, nn.Module]:
    """Modules with weights, from input to output; a recurrent layer is one module."""
    layers: dict[str, nn.Module] = {}
    inside: tuple[str, ...] = ()
    for name, part in module.named_modules():
        if name.startswith(inside):
            continue
        if isinstance(part, RecurrentLayer):
            inside = (*inside, f"{name}.")
            layers[name] = part
        elif any(p.ndim >= 2 for p in part.parameters(recurse=False)):
            layers[name] = part
    return layers


def _weights_of(part: nn.Module) -> list[nn.Parameter]:
    recurse = isinstance(part, RecurrentLayer)
    return [p for p in part.parameters(recurse=recurse) if p.ndim >= 2]


def _titles(module: nn.Module, layers: dict[str, nn.Module]) -> dict[str, str]:
    """Name each layer for the report."""
    if not isinstance(module, MLP):
        return {name: name or "network" for name in layers}
    last = len(layers) - 1
    return {
        name: "output" if i == last else f"layer {i + 1}"
        for i, name in enumerate(layers)
    }


def _look_at_activations(
    net: TensorNet, train: TensorBundle, layers: dict[str, nn.Module], n_rows: int
) -> dict[str, Flatness]:
    """How flat the activations are. Each one belongs to the layer before it."""
    # A sparse product uses the weights of the first layer without calling the layer.
    watcher = Watcher(layers, next(iter(layers), None))
    handles = [
        part.register_forward_pre_hook(watcher.enter(name))
        for name, part in layers.items()
    ]
    for part in net.module_.modules():
        if isinstance(part, TiedDecoder):  # its layers are the encoder's
            handles.append(part.register_forward_pre_hook(watcher.enter(None)))
        elif isinstance(part, _KINDS):
            handles.append(part.register_forward_pre_hook(watcher.watch))
    net.module_.eval()
    try:
        with torch.no_grad():
            for batch in make_batches(train, n_rows):
                watcher.begin()
                with watcher:
                    net.infer(batch.inputs)
    finally:
        for handle in handles:
            handle.remove()
    return watcher.flat


class Watcher(TorchFunctionMode):
    """Records layers and activations as they are computed, including functions.

    Parameters
    ----------
    layers : dict of str to nn.Module
        The layers.
    first : str or None
        The layer of an activation that comes before any layer.
    """

    def __init__(self, layers: dict[str, nn.Module], first: str | None) -> None:
        super().__init__()
        self.layers, self.first = layers, first
        self.flat = {name: Flatness() for name in layers}

    def begin(self) -> None:
        """Begin a batch."""
        self.last = self.first
        self.seen: set[str] = set()

    def enter(self, name: str | None) -> Callable:
        """Make a hook that records that a layer is computed now."""

        def note(part: nn.Module, inputs: tuple) -> None:
            self.last = name

        return note

    def watch(self, activation: nn.Module, inputs: tuple) -> None:
        """Add the slopes of an activation."""
        with torch.enable_grad():
            x = inputs[0].detach().requires_grad_(True)
            # Use a copy, because some activations overwrite their input.
            out = type(activation).forward(activation, x * 1)
            (slope,) = torch.autograd.grad(out.sum(), x)
        self._add(slope, isinstance(activation, _BOUNDED))

    def __torch_function__(
        self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        if func in _RELU:
            self._add(args[0] > 0, False)
        return func(*args, **(kwargs or {}))

    def _add(self, slope: Tensor, bounded: bool) -> None:
        name = self.last
        if name is None or name in self.seen:
            return
        self.seen.add(name)
        self.flat[name].add(_by_unit(slope, self.layers[name]), bounded)


def _by_unit(slope: Tensor, layer: nn.Module) -> Tensor:
    """Reshape slopes to (n, n_units); the units of a convolution are its channels."""
    if isinstance(layer, EnsembleLinear):  # (n_members, n, n_units)
        return slope.movedim(0, 1).flatten(1)
    if hasattr(layer, "out_channels") or slope.ndim > 3:
        slope = slope.movedim(1, -1)
    return slope.reshape(-1, slope.shape[-1])


def _norm(tensors: list[Tensor]) -> float:
    return math.sqrt(sum(float(x.detach().double().square().sum()) for x in tensors))


def _ratio(now: list[nn.Parameter], before: list[Tensor]) -> float:
    size = _norm(before)
    change = _norm([p.detach() - old for p, old in zip(now, before)])
    return change / size if size else math.nan
