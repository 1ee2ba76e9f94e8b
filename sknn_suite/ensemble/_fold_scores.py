"""Scores of new rows by the models of all folds, in as few passes as it takes."""

from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from sknn_suite.ensemble._target import Target
from sknn_suite.estimator import predict_each, predicts_as_usual


def scores_of_folds(models: list[Any], X: Any, target: Target) -> np.ndarray:
    """Score rows by each of several models.

    Networks of this suite, also at the end of pipelines, predict together: those of one
    shape in one pass, see `predict_each`.

    Parameters
    ----------
    models : list of estimator
        The model of each fold.
    X : array-like
        The rows.
    target : Labels or Numbers
        What is predicted.

    Returns
    -------
    ndarray of shape (n_models, n_samples, n_columns)
        The scores.
    """
    networks = [last_step(model) for model in models]
    if not all(predicts_as_usual(network) for network in networks):
        return np.stack([target.scores(model, X) for model in models])
    tables = [_before_last(model, X) for model in models]
    found = predict_each(networks, tables)
    return np.stack([target.as_scores(part) for part in found])


def last_step(model: Any) -> Any:
    """Return the last step of a pipeline of scikit-learn, or the model itself."""
    return model.steps[-1][1] if type(model) is Pipeline else model


def _before_last(model: Any, X: Any) -> Any:
    """Change rows as the steps before the last do."""
    if type(model) is not Pipeline:
        return X
    for _, step in model.steps[:-1]:
        if step is not None and step != "passthrough":
            X = step.transform(X)
    return X
