"""diagnose: check the units, gradients and updates of a fitted network."""

import math
from dataclasses import dataclass
from typing import Any

from sknn_suite.inspection._layers import LayerReport, examine
from sknn_suite.inspection._module import (
    check_fitted,
    check_target,
    count_rows,
    net_to_go_on,
    rows_together,
    take_rows,
    usual_rate,
)
from sknn_suite.training import Muon

# Number of rows to examine; more rows change the shares by less than a percent. Large
# rows go through the network a few at a time, in at most MOST_PASSES passes.
MAX_ROWS, MOST_PASSES = 2048, 8

# Beyond these limits the report gives advice. As a rule of thumb, the ratio of an
# update to its weights is about 1e-3 when training goes well. Muon makes updates of the
# same size in all directions, and works well with ten times as much.
DEAD = 0.2
SATURATED = 0.5
LARGE_UPDATE = 0.05
SMALL_UPDATE = 1e-6
VANISHING = 1e-2

# If more layers than this need the same advice, they share one sentence.
MOST_SENTENCES = 3


@dataclass(frozen=True)
class Diagnosis:
    """Reports of all layers, and advice; ``print(diagnosis)`` shows both.

    Attributes
    ----------
    layers : list of LayerReport
        From input to output.

    advice : list of str
        One sentence per problem; empty if there is none.
    """

    layers: list[LayerReport]
    advice: list[str]

    def __str__(self) -> str:
        width = max([8, *(len(layer.name) for layer in self.layers)]) + 2
        lines = [
            f"{'':{width}}{'dead':>8}{'saturated':>11}{'gradient':>11}{'update':>10}"
        ]
        for layer in self.layers:
            lines.append(
                f"{layer.name:{width}}{_percent(layer.dead):>8}"
                f"{_percent(layer.saturated):>11}{_number(layer.gradient_norm):>11}"
                f"{_number(layer.update_ratio):>10}"
            )
        return "\n".join([*lines, *(self.advice or ["Nothing looks wrong."])])


def diagnose(estimator: Any, X: Any, y: Any = None) -> Diagnosis:
    """Look for dead units, saturation, vanishing gradients and bad step sizes.

    Parameters
    ----------
    estimator : estimator
        A fitted estimator of this package; it is not changed.
    X : array-like
        Rows like the training rows. At most 2,048 evenly spaced rows are used, and
        fewer of large images and long rows.
    y : array-like, default=None
        Targets of the rows. Detectors need none.

    Returns
    -------
    Diagnosis
        One report per layer, and advice in sentences.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    ValueError
        If X or y cannot be used.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn_suite import MLPClassifier, diagnose
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier(random_state=0, learning_rate_init=3.0).fit(X, y)
    >>> print(diagnose(model, X, y).advice[0])
    layer 1: ... % of its units never fire; lower learning_rate_init or use leaky_relu.
    """
    check_fitted(estimator)
    check_target(estimator, X, y)
    together = rows_together(estimator, MAX_ROWS)
    # Evenly spaced, because the first rows may all be of one class.
    step = -(-count_rows(X) // min(MAX_ROWS, MOST_PASSES * together))
    rows = slice(None, None, max(step, 1))
    net, train = net_to_go_on(
        estimator, take_rows(X, rows), None if y is None else take_rows(y, rows)
    )
    layers = examine(net, train, together, usual_rate(estimator))
    large = LARGE_UPDATE * (10 if isinstance(net.optimizer_, Muon) else 1)
    return Diagnosis(layers, _advise(layers, large))


def _advise(layers: list[LayerReport], large: float) -> list[str]:
    dead, saturated, fast, slow = [], [], [], []
    for layer in layers:
        if layer.dead > DEAD and math.isnan(layer.saturated):
            dead.append((layer.name, layer.dead))
        if layer.saturated > SATURATED:
            saturated.append((layer.name, layer.saturated))
        if layer.update_ratio > large:
            fast.append((layer.name, layer.update_ratio))
        if layer.update_ratio < SMALL_UPDATE:
            slow.append((layer.name, layer.update_ratio))
    advice = [
        *_say(
            dead,
            "{share} of its units never fire",
            "lower learning_rate_init or use leaky_relu",
        ),
        *_say(
            saturated,
            "{share} of its outputs are saturated",
            "scale X, lower learning_rate_init or set batch_norm=True",
        ),
        *_say(
            fast, "one step changes its weights by {share}", "lower learning_rate_init"
        ),
        *_say(slow, "its weights hardly move", "raise learning_rate_init or scale X"),
    ]
    trained = [layer for layer in layers if not math.isnan(layer.gradient_norm)]
    if len(trained) < 2:
        return advice
    first, last = trained[0].gradient_norm, trained[-1].gradient_norm
    if first < VANISHING * last:
        advice.append(
            f"{trained[0].name}: its gradient is {last / max(first, 1e-300):.0f} times "
            "smaller than the output's; use relu, set batch_norm=True or take fewer "
            "layers."
        )
    return advice


def _say(found: list[tuple[str, float]], what: str, remedy: str) -> list[str]:
    """Return one sentence per layer, or one for many that names the worst layer."""
    if len(found) > MOST_SENTENCES:
        name, share = max(found, key=lambda layer: layer[1])
        what = what.format(share=_percent(share))
        return [f"{len(found)} layers, as {name}: {what}; {remedy}."]
    return [
        f"{name}: {what.format(share=_percent(share))}; {remedy}."
        for name, share in found
    ]


def _percent(share: float) -> str:
    return "-" if math.isnan(share) else f"{100 * share:.0f} %"


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.2g}"
