"""to_onnx: a fitted model as a graph that ONNX Runtime and others compute."""

import os
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from sknn_suite.estimator import NeuralEstimator
from sknn_suite.export._graph import import_onnx, refuse_external_data
from sknn_suite.export._pipelines import convert_pipeline
from sknn_suite.export._write import check_exportable, write_model

DTYPES = ("float32", "float64")


def to_onnx(
    model: BaseEstimator,
    path: str | os.PathLike | None = None,
    *,
    X: Any = None,
    dtype: str = "float32",
) -> Any:
    """Write a fitted model as an ONNX graph, for programs without torch.

    The graph takes the rows that `predict` takes, as numbers: scaling, link, labels and
    `decision_threshold` are inside. The number of rows is free, and the number of steps
    of sequences and texts. The network computes in float32.

    ============== ===================================== ==============================
    model          inputs                                outputs
    ============== ===================================== ==============================
    classifiers    X, (n_rows, n_features)               label, probabilities
    regressors     X, (n_rows, n_features)               prediction, (n_rows, n_numbers)
    detectors      X, (n_rows, n_features)               label, scores, decision
    CNNClassifier  X, (n_rows, height, width, channels); label, probabilities
                   uint8 if it was fitted on bytes
    RNNClassifier  X, (n_rows, n_steps, n_channels),     label, probabilities
                   padded on the right; lengths
    Tabular...     an input for each column, (n_rows,    as classifiers and regressors
                   1): numbers, NaN for gaps; strings
                   for categories, "" for gaps; dates
                   in seconds; of texts n-grams
    texts          tokens, lengths, entries, and with a  label, probabilities
                   wide branch words, grams, runs
    ============== ===================================== ==============================

    "scores" of a detector are those of `score_samples`, and "decision" is that of
    `decision_function`. For texts, the metadata "texts" has the tokenizer and the
    vocabulary, and for mixed tables "columns" has the columns; the user guide has
    readers that need NumPy only.

    Parameters
    ----------
    model : estimator
        A fitted estimator of this package. Or a Pipeline or other estimator of
        scikit-learn that skl2onnx converts, with our estimators for tables of numbers
        in it.

    path : path-like or None, default=None
        File to write. None writes no file.

    X : array-like or None, default=None
        Some rows, such as the first five, if a Pipeline was fitted on named columns or
        on words: they show the type of each column, which becomes an input.

    dtype : {"float32", "float64"}, default="float32"
        Type of the numbers in rows and answers. Choose "float64" for columns such as
        seconds since 1970, whose differences float32 cannot hold.

    Returns
    -------
    onnx.ModelProto
        The graph.

    Raises
    ------
    ValueError
        If the model has no graph, or its weights do not fit into one file.
    MissingDependencyError
        If onnx is not installed, or for Pipelines skl2onnx.

    See Also
    --------
    to_torch : A module for torch.
    sknn_suite.persistence.save : A file for this package.

    Examples
    --------
    >>> import numpy as np, onnxruntime
    >>> from sknn_suite import MLPClassifier
    >>> from sknn_suite.export import to_onnx
    >>> X = np.random.RandomState(0).normal(size=(90, 4)).astype(np.float32)
    >>> model = MLPClassifier(max_iter=500, random_state=0).fit(X, X[:, 0] > 0)
    >>> graph = to_onnx(model)
    >>> session = onnxruntime.InferenceSession(graph.SerializeToString())
    >>> label, probabilities = session.run(None, {"X": X[:3]})
    >>> label.tolist() == model.predict(X[:3]).tolist()
    True
    >>> float(np.abs(probabilities - model.predict_proba(X[:3])).max()) < 1e-5
    True
    """
    if dtype not in DTYPES:
        raise ValueError(
            f"dtype={dtype!r} is no type of a graph's rows. Expected one of "
            f"{', '.join(DTYPES)}. Choose one of these."
        )
    onnx = import_onnx()
    model = _without_wrappers(model)
    if isinstance(model, NeuralEstimator):
        made = write_model(model, np.dtype(dtype))
    else:
        check_is_fitted(model)
        made = convert_pipeline(model, X, dtype)
    refuse_external_data(made)
    onnx.checker.check_model(made)
    if path is not None:
        Path(path).write_bytes(made.SerializeToString(deterministic=True))
    return made


def _without_wrappers(model: Any) -> Any:
    """Return what predicts: the best of a search, the only step of a pipeline."""
    if hasattr(model, "best_estimator_"):
        return _without_wrappers(model.best_estimator_)
    if isinstance(model, Pipeline) and len(model.steps) == 1:
        return _without_wrappers(model.steps[0][1])
    if not isinstance(model, BaseEstimator):
        check_exportable(model, "to_onnx")  # raises
    return model
