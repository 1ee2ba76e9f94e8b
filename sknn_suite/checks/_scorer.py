"""Scorers by name; a name that does not exist is answered with the nearest ones."""

import difflib
from typing import Any

from sklearn.metrics import get_scorer, get_scorer_names

# Common words for scores, and scikit-learn's names, where more is better.
MEANT = {
    "acc": "accuracy",
    "ap": "average_precision",
    "auc": "roc_auc",
    "aucpr": "average_precision",
    "auprc": "average_precision",
    "auroc": "roc_auc",
    "bacc": "balanced_accuracy",
    "brier": "neg_brier_score",
    "brierscore": "neg_brier_score",
    "crossentropy": "neg_log_loss",
    "f05": "f1",
    "f1score": "f1",
    "f2": "f1",
    "fbeta": "f1",
    "logloss": "neg_log_loss",
    "macrof1": "f1_macro",
    "mae": "neg_mean_absolute_error",
    "mape": "neg_mean_absolute_percentage_error",
    "mcc": "matthews_corrcoef",
    "mse": "neg_mean_squared_error",
    "pr": "average_precision",
    "prauc": "average_precision",
    "r2score": "r2",
    "rmse": "neg_root_mean_squared_error",
    "rmsle": "neg_root_mean_squared_log_error",
    "rocaucscore": "roc_auc",
    "rsquared": "r2",
}

# What an error offers besides the nearest names.
COMMON = (
    "accuracy",
    "f1",
    "roc_auc",
    "neg_log_loss",
    "r2",
    "neg_root_mean_squared_error",
    "neg_mean_absolute_error",
)


def find_scorer(scoring: Any, told: str) -> Any:
    """Find a scorer of scikit-learn by its name; what is no name stays as it is.

    Parameters
    ----------
    scoring : str or object
        The name, or a scorer.
    told : str
        How the error names what the user wrote, such as "scoring='auc'".

    Returns
    -------
    object
        The scorer.

    Raises
    ------
    ValueError
        If there is none of that name; the nearest names are offered.

    Examples
    --------
    >>> from sknn_suite.checks import find_scorer
    >>> find_scorer("auc", "scoring='auc'")
    Traceback (most recent call last):
    ValueError: scoring='auc' is not the name of a scorer. Expected 'roc_auc', which is
    the nearest, or another name of scikit-learn, such as 'accuracy', 'f1',
    'neg_log_loss', 'r2', 'neg_root_mean_squared_error', 'neg_mean_absolute_error'.
    Change it.
    """
    if not isinstance(scoring, str):
        return scoring
    try:
        return get_scorer(scoring)
    except ValueError:
        near = nearest_scorers(scoring)
    which = ""
    if near:
        which = " or ".join(map(repr, near))
        which += f", which {'is' if len(near) == 1 else 'are'} the nearest, or another"
    others = ", ".join(repr(one) for one in COMMON if one not in near)
    raise ValueError(
        f"{told} is not the name of a scorer. Expected {which or 'a'} name of "
        f"scikit-learn, such as {others}. Change it."
    ) from None


def nearest_scorers(name: str) -> list[str]:
    """Names of scorers that a user may have meant, the likeliest first."""
    plain = "".join(mark for mark in name.lower() if mark.isalnum())
    meant = MEANT.get(plain) or MEANT.get(plain.removeprefix("neg"))
    if meant:
        return [meant]
    names = {one.replace("_", ""): one for one in get_scorer_names()}
    names |= {short.removeprefix("neg"): one for short, one in names.items()}
    near = difflib.get_close_matches(plain, names, 3, 0.5)
    return list(dict.fromkeys(names[one] for one in near))
