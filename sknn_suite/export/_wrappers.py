"""Wrappers around classifiers that decide or correct, by skl2onnx."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from sklearn.model_selection import (
    FixedThresholdClassifier,
    TunedThresholdClassifierCV,
)

from sknn_suite.decision import Recalibrator, ThresholdTuner
from sknn_suite.export._answers import labels_of, most, write_rule
from sknn_suite.export._graph import Graph
from sknn_suite.export._value import Value


class Wrapper(NamedTuple):
    """How a wrapper is written.

    Parameters
    ----------
    inner : callable
        The fitted classifiers inside of a wrapper.
    write : callable
        Codes and probabilities from the wrapper and the mean of the classifiers'
        probabilities, float64.
    """

    inner: Callable[[Any], list]
    write: Callable[[Any, Value], tuple[Value, Value]]


def _tuner(model: ThresholdTuner, proba: Value) -> tuple[Value, Value]:
    if model._rule.kind == "multiclass":
        return write_rule(model._rule, proba), proba
    positive = proba.at(np.int64(1), axis=1)
    return write_rule(model._rule, positive), proba


def _recalibrator(model: Recalibrator, proba: Value) -> tuple[Value, Value]:
    weighed = proba * (model.true_shares_ / model.trained_shares_)
    proba = weighed / weighed.sum(1, keep=True)
    return most(proba), proba


def _fixed(model: Any, proba: Value) -> tuple[Value, Value]:
    if hasattr(model, "best_threshold_"):
        threshold, label = model.best_threshold_, model._curve_scorer._get_pos_label()
    else:
        threshold, label = model.threshold, model.pos_label
        threshold = 0.5 if isinstance(threshold, str) else threshold
    classes = model.classes_.tolist()
    place = 1 if label is None else classes.index(label)
    positive = (proba.at(np.int64(place), axis=1) >= threshold).cast(np.int64)
    return positive if place == 1 else 1 - positive, proba


WRAPPERS: dict[type, Wrapper] = {
    ThresholdTuner: Wrapper(lambda model: model.estimators_, _tuner),
    Recalibrator: Wrapper(lambda model: [model.estimator_], _recalibrator),
    FixedThresholdClassifier: Wrapper(lambda model: [model.estimator_], _fixed),
    TunedThresholdClassifierCV: Wrapper(lambda model: [model.estimator_], _fixed),
}


def write_wrapper(model: Any, n_inner: int, dtype: Any) -> Any:
    """Write the graph from the probabilities inside to labels and probabilities."""
    graph = Graph()
    shape = ("n_rows", len(model.classes_))
    parts = [graph.input(f"p{i}", dtype, shape) for i in range(n_inner)]
    total = parts[0].cast(np.float64)
    for part in parts[1:]:
        total = total + part.cast(np.float64)
    proba = total / float(n_inner)
    codes, proba = WRAPPERS[type(model)].write(model, proba)
    labels = graph.constant(labels_of(model.classes_))
    graph.output("label", labels.at(codes), ("n_rows",))
    graph.output("probabilities", proba.cast(dtype), shape)
    return graph.model()


def refuse_other_scores(model: Any) -> None:
    """Refuse a wrapper that reads decision values, which graphs do not have."""
    inner = WRAPPERS[type(model)].inner(model)
    how = getattr(model, "response_method", "auto")
    if how == "decision_function" or not all(
        hasattr(one, "predict_proba") for one in inner
    ):
        raise ValueError(
            f"{type(model).__name__} decides by decision_function of its classifier. "
            "Expected probabilities, which graphs have. Choose a classifier with "
            "predict_proba."
        )
