"""Checks of texts in lists, arrays, series and columns."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from sknn_suite.doors import to_numpy
from sknn_suite.exceptions import DataError

# Remedies for values that are not texts, by type, and for other values.
_REMEDIES: dict[Any, str] = {
    (bytes, bytearray): "Decode it, for example with text.decode('utf-8').",
    (list, tuple): "Join its tokens with ' '.join(tokens), or pass the original texts.",
}
_IF_MISSING = "Replace missing texts, for example with ''."
_OTHERWISE = "Convert it with str(), or remove the row."


def check_texts(estimator: BaseEstimator, X: Any, *, reset: bool) -> np.ndarray:
    """Check texts: a 1-D array of str objects, from any list, array, series or column.

    Raises
    ------
    DataError
        If X is not a collection of texts, or a row is not a str.
    """
    texts, is_column = _flatten(X)
    if len(texts) == 0:
        raise DataError(
            f"Found array with 0 sample(s) (shape={texts.shape}) while a minimum of 1 "
            f"is required by {type(estimator).__name__}. Expected at least one text. "
            "Check how X was made."
        )
    if not set(map(type, texts)) <= {str, np.str_}:
        _refuse_others(texts)
    if reset:
        if is_column:
            estimator.n_features_in_ = 1
        elif hasattr(estimator, "n_features_in_"):
            del estimator.n_features_in_
    return texts


def _flatten(X: Any) -> tuple[np.ndarray, bool]:
    """Convert X to a 1-D array of objects; also return whether it had two axes."""
    if isinstance(X, str | bytes):
        raise DataError(
            f"X is one {type(X).__name__}, {X[:20]!r}. Expected a list, array or "
            "series of texts. Pass [text] for a single one."
        )
    if isinstance(X, list | tuple):
        if X and all(isinstance(x, list | tuple) and len(x) == 1 for x in X):
            X = [x[0] for x in X]
            return _as_objects(X), True
        return _as_objects(X), False
    X, _ = to_numpy(X)
    if hasattr(X, "to_pylist"):  # pyarrow
        return _as_objects(X.to_pylist()), False
    if hasattr(X, "to_numpy"):  # series and frames
        X = X.to_numpy()
    if not hasattr(X, "__array__"):
        raise DataError(
            f"X is a {type(X).__name__}. Expected a list, array or series of texts, or "
            "one column of them. Convert it."
        )
    array = np.asarray(X).astype(object)
    if isinstance(X, np.ma.MaskedArray):
        array[np.ma.getmaskarray(X)] = None
    if array.ndim == 2 and array.shape[1] == 1:
        return array[:, 0], True
    if array.ndim != 1:
        raise DataError(
            f"X has the shape {array.shape}. Expected texts of shape (n_samples,) or "
            "one column of shape (n_samples, 1). Choose the column that holds the text."
        )
    return array, False


def _as_objects(values: list | tuple) -> np.ndarray:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _refuse_others(texts: np.ndarray) -> None:
    bad = [i for i, text in enumerate(texts) if not isinstance(text, str)]
    if not bad:
        return  # a subclass of str
    value = texts[bad[0]]
    remedies = (text for kind, text in _REMEDIES.items() if isinstance(value, kind))
    remedy = _IF_MISSING if _is_missing(value) else next(remedies, _OTHERWISE)
    shown = repr(value)
    shown = shown if len(shown) <= 30 else shown[:27] + "..."
    others = "" if len(bad) == 1 else f" ({len(bad)} rows are not, the first five "
    if others:
        others += f"are {bad[:5]})"
    name = type(value).__name__
    article = "an" if name[0].lower() in "aeiou" else "a"
    what = "None" if value is None else f"{shown}, {article} {name}"
    raise DataError(
        f"Row {bad[0]} of X is {what}. Expected a str in every row{others}. {remedy}"
    )


def _is_missing(value: Any) -> bool:
    """Whether a value means missing: None, NaN, and the missing values of pandas."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float) and np.isnan(value)
