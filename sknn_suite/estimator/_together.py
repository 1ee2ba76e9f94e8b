"""predict_each: predictions of several networks, of those of one shape in one pass."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sknn_suite.device import CHUNK_ROWS, RowLimit, suited_threads
from sknn_suite.estimator._classifier import Classifier
from sknn_suite.estimator._fitted import ROW_AXIS, BoundModule, FittedNet, is_float32
from sknn_suite.estimator._regressor import Regressor
from sknn_suite.modules import MLPScores, StackedScores

# Weights of all networks above which copying them side by side takes longer than the
# calls that this saves.
MOST_WEIGHTS = 100_000


def predicts_as_usual(estimator: Any) -> bool:
    """Whether an estimator is a network whose predictions nobody has changed."""
    kind = type(estimator)
    if isinstance(estimator, Classifier):
        return kind.predict_proba is Classifier.predict_proba
    return isinstance(estimator, Regressor) and kind.predict is Regressor.predict


def predict_each(
    estimators: Sequence[Classifier | Regressor], tables: Sequence[Any]
) -> list[np.ndarray]:
    """Predict rows by several networks: probabilities, or numbers.

    Small MLPs of one shape predict together, with one product per layer; other networks
    fill a core by themselves, and predict one after another.

    Parameters
    ----------
    estimators : sequence of Classifier or Regressor
        Fitted networks, see `predicts_as_usual`.
    tables : sequence of array-like
        The rows of each, as many for all.

    Returns
    -------
    list of ndarray
        What `predict_proba` gives, or `predict` of a regressor, for each. In float64
        it agrees with these to the last digits: sums are in another order.
    """
    caller = "predict_proba" if isinstance(estimators[0], Classifier) else "predict"
    rows = _rows_of_each(estimators, tables, caller)
    nets = [e._fitted_net() for e in estimators]
    tasks = [e._task(e) for e in estimators]
    places = [e.device for e in estimators]
    raw: Sequence[Tensor] | None = None
    if all(task.adapt is None for task in tasks) and _are_alike(nets, rows, places):
        raw = _in_one_pass(nets, rows, places[0])
    if raw is None:
        raw = [
            net.raw_scores(X, place, task.adapt)
            for net, X, place, task in zip(nets, rows, places, tasks)
        ]
    return [e._from_raw(scores) for e, scores in zip(estimators, raw)]


def _rows_of_each(
    estimators: Sequence[Any], tables: Sequence[Any], caller: str
) -> list[Any]:
    """Check the rows of each; those of one table once, which for frames takes long."""
    first, X = estimators[0], tables[0]
    rows = [first._rows_to_predict(X, caller)[0]]
    for estimator, table in zip(estimators[1:], tables[1:]):
        if table is X and _has_columns_of(estimator, first):
            rows.append(rows[0])
        else:
            rows.append(estimator._rows_to_predict(table, caller)[0])
    return rows


def _has_columns_of(one: Any, other: Any) -> bool:
    """Whether two networks of a kind were fitted on columns of the same names."""
    if type(one) is not type(other) or not one.__sklearn_is_fitted__():
        return False
    known = [
        (
            estimator._net.home,
            getattr(estimator, "n_features_in_", None),
            list(getattr(estimator, "feature_names_in_", ())),
        )
        for estimator in (one, other)
    ]
    return known[0] == known[1]


def _are_alike(
    nets: Sequence[FittedNet], rows: Sequence[Any], places: Sequence[Any]
) -> bool:
    """Whether networks are MLPs of one shape, with dense rows of one shape."""
    first = nets[0]
    return (
        len(nets) > 1
        and first.network.kind == "mlp"
        and first.reading == "chunks"
        and all(first.network.is_like(net.network) for net in nets)
        and all(net.dtype == first.dtype for net in nets)
        and all(isinstance(X, np.ndarray) for X in rows)
        and all(X.shape == rows[0].shape for X in rows)
        and all(place == places[0] for place in places)
    )


def _in_one_pass(
    nets: Sequence[FittedNet], rows: Sequence[np.ndarray], place: Any
) -> list[Tensor] | None:
    """Raw scores by MLPs of one shape; None if they are better off one by one."""
    n_rows = len(rows[0])
    bound = [net.bind(n_rows, place) for net in nets]
    if not _pays(bound):
        return None
    device, dtype = bound[0].device, bound[0].dtype

    def chunk(part: slice) -> Tensor:
        x = [
            net.encoder.transform(X[part], dtype).inputs["x"]
            for net, X in zip(nets, rows)
        ]
        return scores(torch.stack(x).to(device)).cpu()

    work = n_rows * len(nets) * bound[0].largest
    with torch.inference_mode(), suited_threads(work):
        scores = StackedScores([each.module for each in bound])
        # Together their hidden layers fit into the cache as those of one network do.
        limit = RowLimit(device, max(CHUNK_ROWS // len(nets), 1))
        raw = limit.map(chunk, n_rows, ROW_AXIS)
        return [
            scores_of_net.to(torch.float32 if is_float32(X) else torch.float64)
            for scores_of_net, X in zip(raw, rows)
        ]


def _pays(bound: Sequence[BoundModule]) -> bool:
    """Whether networks are small, and one place computes them all."""
    n_weights = sum(each.n_weights for each in bound)
    places = {(each.device, each.dtype) for each in bound}
    return (
        n_weights <= MOST_WEIGHTS
        and len(places) == 1
        and all(MLPScores.supports(each.module) for each in bound)
    )
