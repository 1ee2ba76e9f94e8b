"""diagnose: what a fitted network's units, gradients and updates look like."""

import copy
import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from sknn_suite.data import TensorBundle
from sknn_suite.estimator import Call, NeuralEstimator, plan_call
from sknn_suite.modules import ACTIVATIONS
from sknn_suite.training import TensorNet, begin

# Rows that are looked at; more change the shares by less than a percent.
MAX_ROWS = 2048

# Beyond these the report gives advice. The ratio of an update to its weights is about
# 1e-3 where training goes well, a rule of thumb of long standing.
DEAD = 0.2
SATURATED = 0.5
LARGE_UPDATE = 0.05
SMALL_UPDATE = 1e-6
VANISHING = 1e-2

_KINDS = tuple({type(make()) for name, make in ACTIVATIONS.items() if name != "prelu"})
_BOUNDED = (nn.Tanh, nn.Sigmoid, nn.Hardtanh, nn.Hardsigmoid, nn.Softsign)


class LayerReport(NamedTuple):
    """What was seen in one layer.

    Attributes
    ----------
    name : str
        The layer, "layer 1" being the first hidden one, and "output".

    dead : float
        Share of its units whose activation is flat for every row: they never learn.

    saturated : float
        Share of outputs, over rows and units, where a bounded activation is flat; NaN
        for others.

    gradient_norm : float
        Norm of the gradient of its weights.

    update_ratio : float
        Norm of the next update over that of the weights; NaN for lbfgs.
    """

    name: str
    dead: float
    saturated: float
    gradient_norm: float
    update_ratio: float


@dataclass(frozen=True)
class Diagnosis:
    """Reports of all layers, and advice; ``print(diagnosis)`` shows both.

    Attributes
    ----------
    layers : list of LayerReport
        From input to output.

    advice : list of str
        One sentence for each thing that looks wrong; empty if nothing does.
    """

    layers: list[LayerReport]
    advice: list[str]

    def __str__(self) -> str:
        lines = [f"{'':10}{'dead':>8}{'saturated':>11}{'gradient':>11}{'update':>10}"]
        for layer in self.layers:
            lines.append(
                f"{layer.name:10}{_percent(layer.dead):>8}"
                f"{_percent(layer.saturated):>11}{layer.gradient_norm:11.2g}"
                f"{layer.update_ratio:10.2g}"
            )
        return "\n".join([*lines, *(self.advice or ["Nothing looks wrong."])])


def diagnose(estimator: Any, X: Any, y: Any) -> Diagnosis:
    """Look for dead units, saturation, vanishing gradients and bad step sizes.

    Parameters
    ----------
    estimator : estimator
        A fitted estimator of this suite whose network is a stack of layers; it is not
        changed.
    X, y : array-likes
        Rows such as it was trained on; the first 2,048 are used.

    Returns
    -------
    Diagnosis
        A report per layer, and advice in sentences.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn_suite import MLPClassifier, diagnose
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier(random_state=0, learning_rate_init=3.0).fit(X, y)
    >>> print(diagnose(model, X, y).advice[0])
    layer 1: ... % of its units never fire; lower learning_rate_init or use leaky_relu.
    """
    check_is_fitted(estimator)
    if not isinstance(estimator, NeuralEstimator):
        raise TypeError(
            f"{type(estimator).__name__} is not an estimator of sknn_suite. "
            "Expected a fitted one. Pass, for example, an MLPClassifier."
        )
    model = copy.deepcopy(estimator)
    call = Call(X[:MAX_ROWS], y[:MAX_ROWS], resume=True, n_epochs=1)
    plan = plan_call(model, call).plan
    net, train = begin(plan), plan.train
    flat = _flat_shares(net, train)
    before = {name: p.detach().clone() for name, p in net.module_.named_parameters()}
    batch = train.take(torch.arange(len(train), device=train.device))
    has_optimizer = net.optimizer_ is not None
    (net.train_step if has_optimizer else net.gradient_.of_batch)(batch)
    weights = [(name, p) for name, p in net.module_.named_parameters() if p.ndim >= 2]
    layers = []
    for i, (name, p) in enumerate(weights):
        dead, saturated = flat[i] if i < len(flat) else (0.0, math.nan)
        change = (p.detach() - before[name]).norm() / before[name].norm()
        layers.append(
            LayerReport(
                "output" if i == len(weights) - 1 else f"layer {i + 1}",
                dead,
                saturated,
                math.nan if p.grad is None else float(p.grad.norm()),
                float(change) if has_optimizer else math.nan,
            )
        )
    return Diagnosis(layers, _advise(layers))


def _flat_shares(net: TensorNet, train: TensorBundle) -> list[tuple[float, float]]:
    """Shares of dead units and of saturated outputs, activation by activation."""
    slopes: list[tuple[nn.Module, Tensor]] = []

    def watch(module: nn.Module, inputs: tuple[Tensor], output: Tensor) -> None:
        with torch.enable_grad():
            x = inputs[0].detach().requires_grad_(True)
            module.eval()
            (slope,) = torch.autograd.grad(type(module).forward(module, x).sum(), x)
        slopes.append((module, slope.reshape(-1, slope.shape[-1])))

    watched = [m for m in net.module_.modules() if isinstance(m, _KINDS)]
    handles = [module.register_forward_hook(watch) for module in watched]
    net.module_.eval()
    try:
        with torch.no_grad():
            net.infer(train.take(torch.arange(len(train), device=train.device)).inputs)
    finally:
        for handle in handles:
            handle.remove()
    shares = []
    for module, slope in slopes:
        is_flat = slope.abs() < 1e-2
        dead = float((slope.abs() < 1e-6).all(dim=0).double().mean())
        bounded = isinstance(module, _BOUNDED)
        shares.append((dead, float(is_flat.double().mean()) if bounded else math.nan))
    return shares


def _advise(layers: list[LayerReport]) -> list[str]:
    advice = []
    for layer in layers:
        if layer.dead > DEAD and math.isnan(layer.saturated):
            advice.append(
                f"{layer.name}: {_percent(layer.dead)} of its units never fire; "
                "lower learning_rate_init or use leaky_relu."
            )
        if layer.saturated > SATURATED:
            advice.append(
                f"{layer.name}: {_percent(layer.saturated)} of its outputs are "
                "saturated; scale X, lower learning_rate_init or set batch_norm=True."
            )
        if layer.update_ratio > LARGE_UPDATE:
            advice.append(
                f"{layer.name}: one step changes its weights by "
                f"{_percent(layer.update_ratio)}; lower learning_rate_init."
            )
        if layer.update_ratio < SMALL_UPDATE:
            advice.append(
                f"{layer.name}: its weights hardly move; raise learning_rate_init or "
                "scale X."
            )
    first, last = layers[0].gradient_norm, layers[-1].gradient_norm
    if len(layers) > 1 and first < VANISHING * last:
        advice.append(
            f"layer 1: its gradient is {last / max(first, 1e-300):.0f} times smaller "
            "than the output's; use relu, set batch_norm=True or take fewer layers."
        )
    return advice


def _percent(share: float) -> str:
    return "-" if math.isnan(share) else f"{100 * share:.0f} %"
