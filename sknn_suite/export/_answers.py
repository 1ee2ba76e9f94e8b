"""What predictions are made of, as nodes: link, units, labels, thresholds."""

from typing import Any

import numpy as np

from sknn_suite.decision import DecisionRule
from sknn_suite.decision._rule import TINY
from sknn_suite.encoding import ClassTarget, NumberTarget
from sknn_suite.export._rows import FREE
from sknn_suite.export._value import Value


def write_link(name: str, raw: Value, n_outputs: int) -> Value:
    """Write the link of a loss, by its name in `LINKS`."""
    if name == "ascending":
        return raw.ascending(n_outputs)
    if name == "identity":
        return raw
    if name == "softmax":
        return raw.then("Softmax", axis=-1)
    return raw.then({"exp": "Exp", "logistic": "Sigmoid"}[name])


def write_classes(target: ClassTarget, link: str, raw: Value, dtype: Any) -> None:
    """Write the outputs of a classifier: "label" and "probabilities".

    Parameters
    ----------
    target : ClassTarget
        The labels, with what decides between them.
    link : str
        A name in `LINKS`.
    raw : Value
        Raw scores, (n, n_outputs).
    dtype : dtype
        Type of probabilities.
    """
    graph = raw.graph
    raw = raw.cast(np.float64)
    if target.shift is not None:
        raw = raw + target.shift
    proba = write_link(link, raw, target.n_outputs)
    codes = _decide(target, raw, proba)
    if target.kind_ == "multilabel":
        graph.output("label", codes, (FREE, len(target.classes_)))
    else:
        labels = graph.constant(labels_of(target.classes_))
        graph.output("label", labels.at(codes), (FREE,))
    if target.kind_ == "binary":
        proba = (1.0 - proba).join(proba, axis=1)
    shape = (FREE, len(target.classes_))
    graph.output("probabilities", proba.cast(dtype), shape)


def _decide(target: ClassTarget, raw: Value, proba: Value) -> Value:
    """Write the code of each row, or the 0/1 matrix of several labels."""
    if target.rule is not None:
        codes = write_rule(target.rule, proba)
    elif target.kind_ == "multiclass":
        return most(raw)
    else:
        codes = (raw > 0).cast(np.int64)
    return codes.squeeze(1) if target.kind_ == "binary" else codes


def most(scores: Value) -> Value:
    """Write the place of the largest score of each row."""
    return scores.then("ArgMax", axis=1, keepdims=0, dtype=np.int64)


def write_rule(rule: DecisionRule, proba: Value) -> Value:
    """Write codes from probabilities, float64: for each row, or for each column."""
    if rule.kind == "multiclass":
        thresholds = np.log(np.maximum(rule.threshold, TINY))
        return most(proba.clip(TINY).log() - thresholds)
    return (proba >= rule.threshold).cast(np.int64)


def labels_of(classes: np.ndarray) -> np.ndarray:
    """Labels in a type that graphs have."""
    if classes.dtype.kind in "iu":
        return classes.astype(np.int64)
    if classes.dtype.kind in "bf":
        return classes
    if all(isinstance(label, str) for label in classes):
        return classes.astype(str)
    raise ValueError(
        f"classes_ has labels of the type {classes.dtype}. Expected texts, whole "
        "numbers, booleans or floats, which a graph can hold. Fit on labels of one of "
        "these types."
    )


def write_numbers(target: NumberTarget, link: str, raw: Value, dtype: Any) -> None:
    """Write the output of a regressor: "prediction", (n, n_outputs).

    Parameters
    ----------
    target : NumberTarget
        Units of the numbers.
    link : str
        A name in `LINKS`.
    raw : Value
        Raw scores, (n, n_scores).
    dtype : dtype
        Type of the predictions.
    """
    n, values = target.n_scores, write_link(link, raw, target.n_scores)
    values = values.cast(np.float64)
    if target.shift is not None:
        values = values + target.shift
        values = values if target.quantiles is None else values.ascending(n)
    if target.scale is not None:
        values = values * target.scale.deviation + target.scale.mean
        values = values.exp() if target.scale.log else values
    raw.graph.output("prediction", values.cast(dtype), (FREE, n))


def write_scores(score: Value, offset: float, dtype: Any) -> None:
    """Write the outputs of a detector: "label", "scores" and "decision".

    Parameters
    ----------
    score : Value
        Score of each row, (n,), float64; a larger one is more unusual.
    offset : float
        The threshold.
    dtype : dtype
        Type of the scores.
    """
    decision = -score - offset
    label = (decision < 0.0).choose(np.int64(-1), score.graph.constant(np.int64(1)))
    score.graph.output("label", label, (FREE,))
    score.graph.output("scores", (-score).cast(dtype), (FREE,))
    score.graph.output("decision", decision.cast(dtype), (FREE,))
