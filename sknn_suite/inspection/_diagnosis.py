"""diagnose: find out why training goes wrong."""

import math
from dataclasses import dataclass
from typing import Any

from sknn_suite.inspection._column_findings import find_in_columns, find_left_out
from sknn_suite.inspection._copy_findings import find_copies
from sknn_suite.inspection._evidence import Evidence
from sknn_suite.inspection._finding import Finding, most_important
from sknn_suite.inspection._inside import look_inside
from sknn_suite.inspection._label_findings import find_wrong_labels
from sknn_suite.inspection._layer_findings import LARGE_UPDATE, find_in_layers
from sknn_suite.inspection._layers import LayerReport, examine
from sknn_suite.inspection._module import (
    can_go_on,
    check_fitted,
    check_target,
    count_rows,
    highest_rate,
    net_to_go_on,
    passes_a_peak,
    rows_together,
    take_rows,
)
from sknn_suite.inspection._overfit_findings import find_overfitting
from sknn_suite.inspection._settings import acting_parameters
from sknn_suite.inspection._target_findings import find_in_target
from sknn_suite.inspection._training_findings import find_in_training
from sknn_suite.training import Muon

# Number of rows to examine; more rows change the shares by less than a percent. Large
# rows go through the network a few at a time, in at most MOST_PASSES passes.
MAX_ROWS, MOST_PASSES = 2048, 8

# Muon makes updates of the same size in all directions, and works well with ten times
# as large ones.
MUON_FACTOR = 10

# Some schedules have their highest rate for a moment only, and half of it on average.
PEAK_FACTOR = 2


@dataclass(frozen=True, repr=False)
class Diagnosis:
    """Reports of all layers, and advice; ``print`` and notebooks show both.

    Attributes
    ----------
    layers : list of LayerReport
        From input to output; empty for `TabularClassifier` and `TabularRegressor`.

    advice : list of str
        One sentence per problem, at most five, the weightiest first; empty if there is
        none.
    """

    layers: list[LayerReport]
    advice: list[str]

    def __repr__(self) -> str:
        told = self.advice or ["Nothing looks wrong."]
        if not self.layers:
            return "\n".join(told)
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
        return "\n".join([*lines, *told])


def diagnose(estimator: Any, X: Any, y: Any = None) -> Diagnosis:
    """Find out why training goes wrong, from the layers and from the rows.

    It looks at the layers: dead and saturated units, vanishing gradients, and the size
    of an update at the highest rate of the schedule. And it looks at the rows: the
    scale of the target and of X, constant columns, rare classes, labels that look
    wrong, and validation rows that are copies of training rows, as SMOTE before
    ``early_stopping`` makes them. It also says if training ended too soon, and if the
    network overfits, where validation rows or new rows show it.

    Of the networks for mixed tables, `TabularClassifier` and `TabularRegressor`, the
    best weights of each are kept, from which no training goes on: layers, copies and
    overfitting are left out there, and columns that were left out are named.

    Parameters
    ----------
    estimator : estimator or Pipeline
        A fitted estimator of this package; it is not changed. In a Pipeline, a search
        or a tuned threshold, the last step is looked at.
    X : array-like
        The training rows, or new rows to find overfitting; a Pipeline's steps transform
        them first. At most 2,048 evenly spaced rows are used, and fewer of large images
        and long rows. Copies are looked for only among the very rows of fit.
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
    TypeError
        If the estimator is not of this package.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn_suite import MLPClassifier, diagnose
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier(random_state=0, learning_rate_init=3.0).fit(X, y)
    >>> print(diagnose(model, X, y).advice[0])
    layer 1: ... % of its units never fire; lower learning_rate_init or use leaky_relu.
    """
    inside = look_inside(estimator, X, y)
    estimator, X, y = inside.estimator, inside.X, inside.y
    check_fitted(estimator)
    check_target(estimator, X, y)
    together = rows_together(estimator, MAX_ROWS)
    # Evenly spaced, because the first rows may all be of one class.
    step = -(-count_rows(X) // min(MAX_ROWS, MOST_PASSES * together))
    rows = slice(None, None, max(step, 1))
    some_X, some_y = take_rows(X, rows), None if y is None else take_rows(y, rows)
    evidence = Evidence(
        estimator, X, y, some_X, some_y, inside.names, inside.is_resampled
    )
    if not can_go_on(estimator):
        return Diagnosis([], most_important(_find_in_mixed_table(evidence)))
    net, train = net_to_go_on(estimator, some_X, some_y)
    layers = examine(net, train, together, highest_rate(estimator))
    large = LARGE_UPDATE * (MUON_FACTOR if isinstance(net.optimizer_, Muon) else 1)
    if passes_a_peak(estimator):
        large *= PEAK_FACTOR
    findings = [
        *find_in_layers(layers, large, acting_parameters(estimator)),
        *find_in_columns(evidence),
        *find_in_training(estimator),
    ]
    if y is not None:
        findings += [
            *find_in_target(evidence),
            *find_wrong_labels(evidence),
            *find_copies(evidence),
            *find_overfitting(evidence),
        ]
    return Diagnosis(layers, most_important(findings))


def _find_in_mixed_table(evidence: Evidence) -> list[Finding]:
    """Find what rows and history tell, without a step of training."""
    return [
        *find_left_out(evidence),
        *find_in_training(evidence.estimator),
        *find_in_target(evidence),
        *find_wrong_labels(evidence),
    ]


def _percent(share: float) -> str:
    return "-" if math.isnan(share) else f"{100 * share:.0f} %"


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.2g}"
