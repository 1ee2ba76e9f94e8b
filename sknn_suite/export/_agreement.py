"""Whether a graph that others have written gives the model's own answers."""

from typing import Any

import numpy as np
from sklearn.base import is_classifier, is_outlier_detector

from sknn_suite.doors import import_optional
from sknn_suite.estimator import NeuralEstimator

# Rows of numbers with which a table is tried, and the largest difference, as a share of
# the largest answer. Steps of scikit-learn compute in float64 and graphs in float32.
N_ROWS, TOLERANCE = 64, 1e-4

# Labels of rows on a border may differ.
SAME_LABELS = 0.95


def check_agreement(made: Any, model: Any, X: Any, dtype: np.dtype) -> None:
    """Compare a graph with the model on some rows.

    Raises
    ------
    ValueError
        If they differ, or the graph cannot be computed.
    """
    if X is None:
        source = np.random.RandomState(0)
        X = source.normal(size=(N_ROWS, model.n_features_in_)).astype(dtype)
    runtime = import_optional("onnxruntime", needed_by="to_onnx", extra="onnx")
    session = runtime.InferenceSession(
        made.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    try:
        found = session.run(None, inputs_of(session, X))
    except Exception as error:  # the runtime has its own kinds
        raise ValueError(
            f"The graph of {type(model).__name__} cannot be computed: "
            f"{' '.join(str(error).split())[:200]} Expected an answer for the rows of "
            "X. Pass rows like those of fit, or write the network alone."
        ) from error
    expected = _answers_of(model, X)
    for name, theirs, ours in zip(expected, expected.values(), found):
        if not _agree(theirs, ours):
            raise ValueError(
                f"The graph of {type(model).__name__} differs from the model in its "
                f"{name}. Expected the same answers, which some converters of skl2onnx "
                "do not give. Replace the step, write the network alone, or set "
                "dtype='float64' if columns have numbers that float32 cannot hold."
            )


def inputs_of(session: Any, X: Any) -> dict[str, np.ndarray]:
    """Give rows the names and types of a graph's inputs."""
    types: dict[str, Any] = {
        "tensor(float)": np.float32,
        "tensor(double)": np.float64,
        "tensor(int64)": np.int64,
        "tensor(string)": np.str_,
    }
    inputs = {}
    for one in session.get_inputs():
        values = X[one.name].to_numpy()[:, None] if hasattr(X, "columns") else X
        inputs[one.name] = np.asarray(values).astype(types[one.type])
    return inputs


def _answers_of(model: Any, X: Any) -> dict[str, np.ndarray]:
    """Return the model's answers in the order of the graph's outputs."""
    if is_classifier(model):
        answers = {"labels": np.asarray(model.predict(X))}
        if hasattr(model, "predict_proba"):
            answers["probabilities"] = model.predict_proba(X)
        return answers
    if is_outlier_detector(model):
        answers = {"labels": model.predict(X)}
        if is_ours(model):
            answers["scores"] = model.score_samples(X)
        return answers
    if hasattr(model, "predict"):
        return {"predictions": model.predict(X)}
    return {"features": model.transform(X)}


def is_ours(model: Any) -> bool:
    """Whether the last step is a detector of this package, which gives its scores."""
    last = model.steps[-1][1] if hasattr(model, "steps") else model
    return isinstance(last, NeuralEstimator)


def _agree(theirs: Any, ours: np.ndarray) -> bool:
    theirs = np.asarray(theirs.todense() if hasattr(theirs, "todense") else theirs)
    if theirs.size != ours.size:
        return False
    ours = ours.reshape(theirs.shape)
    if theirs.dtype.kind in "fc":
        size = max(float(np.abs(theirs).max(initial=0)), 1e-300)
        return bool(np.abs(theirs - ours).max(initial=0) <= TOLERANCE * max(size, 1.0))
    return bool((theirs == ours).mean() >= SAME_LABELS)
