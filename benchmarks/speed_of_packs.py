"""How long many small fits take when they train side by side, as packs.

The fits are planned beforehand, so that the table shows training alone. scikit-learn's
networks train in two processes, and each of ours by itself in the line below. Packs
have one OpenMP thread each, and as many Python threads as torch has.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from _measure import OURS, Line, compare, parse_options, report, rounds, take_turns
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.model_selection import KFold, ParameterGrid
from sklearn.neural_network import MLPClassifier as SklearnMLPClassifier

from sknn_suite import MLPClassifier
from sknn_suite.estimator._fit import Call, plan_call
from sknn_suite.training import FitPlan, Job, train, train_many

SKLEARN = "scikit-learn, n_jobs=2"
ALONE = "one by one"

ALPHAS = np.logspace(-5, 0, 20).tolist()

# Work, rows, columns, parameters of all fits, grid, and gates in float64 and float32.
WORKS: list[tuple[str, int, int, dict, dict, float | None, float | None]] = [
    ("20 candidates x 5 folds", 569, 30, {"max_iter": 50}, {"alpha": ALPHAS}, 2.5, 4),
    (
        "early stopping, 12 candidates x 5 folds",
        11183,
        6,
        {"max_iter": 20, "early_stopping": True},
        {"alpha": ALPHAS[:12]},
        2.5,
        None,
    ),
    (
        "max_iter {25, 50, 100, 200} x 10 candidates, 5 folds",
        1000,
        20,
        {"tol": 0.0, "n_iter_no_change": 1000},
        {"alpha": ALPHAS[:10], "max_iter": [25, 50, 100, 200]},
        5,
        None,
    ),
]


def main() -> None:
    options = parse_options(__doc__)
    lines: list[Line] = []
    raw: dict[str, Any] = {}
    for work, n_rows, n_columns, given, grid, *gates in WORKS:
        if options.quick:
            n_rows, grid = min(n_rows, 300), {n: v[:2] for n, v in grid.items()}
            given = given | {"max_iter": 3}
        X, y = make_classification(n_rows, n_columns, n_redundant=0, random_state=0)
        folds = [rows for rows, _ in KFold(5).split(X)]
        for precision, gate in zip(("float64", "float32"), gates):
            ours = MLPClassifier(random_state=0, precision=precision, **given)
            plans = [
                plan_of(clone(ours).set_params(**candidate), X[rows], y[rows])
                for candidate in ParameterGrid(grid)
                for rows in folds
            ]
            theirs = SklearnMLPClassifier(random_state=0, **given)
            contenders: dict[str, Callable[[], Any]] = {
                SKLEARN: partial(fit_in_processes, theirs, grid, folds, X, y),
                ALONE: lambda plans=plans: [train(plan) for plan in plans],
                OURS: lambda plans=plans: train_many([Job(plan) for plan in plans]),
            }
            seconds = take_turns(contenders, rounds(options, 3))
            name = f"{work}, {n_rows}x{n_columns}, {precision}"
            raw[name] = seconds
            lines += [
                compare(name, seconds, SKLEARN, gate),
                compare(name, seconds, ALONE, None),
            ]
    report("speed_of_packs", __doc__, lines, options, raw=raw)


def plan_of(estimator: Any, X: np.ndarray, y: np.ndarray) -> FitPlan:
    """Plan a fit."""
    return plan_call(estimator, Call(X, y)).prepare().plan


def fit_in_processes(
    estimator: Any, grid: dict, folds: list[np.ndarray], X: np.ndarray, y: np.ndarray
) -> list[Any]:
    """Fit all candidates on all folds in two processes."""
    return Parallel(n_jobs=2)(
        delayed(fit)(clone(estimator).set_params(**candidate), X[rows], y[rows])
        for candidate in ParameterGrid(grid)
        for rows in folds
    )


def fit(estimator: Any, X: np.ndarray, y: np.ndarray) -> Any:
    """Fit an estimator."""
    return estimator.fit(X, y)


if __name__ == "__main__":
    main()
