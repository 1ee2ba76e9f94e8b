"""Members of a stack: pairs of a name and an estimator."""

from collections.abc import Iterable
from typing import Any

from sknn_suite.exceptions import DataError

# Rows of `score_table_` that are no members.
_ROWS = ("mean", "stack")


def check_members(estimators: Any, taken: Iterable[str]) -> dict[str, Any]:
    """Check names and estimators; return those that are not dropped.

    Parameters
    ----------
    estimators : list of (str, estimator)
        The parameter.
    taken : iterable of str
        Names that no member can have.

    Raises
    ------
    ValueError, TypeError
        If a name occurs twice or cannot be used, or there is no member.
    """
    pairs = list(estimators)
    for pair in pairs:
        if not (
            isinstance(pair, tuple | list)
            and len(pair) == 2
            and isinstance(pair[0], str)
        ):
            raise DataError(
                f"estimators holds {pair!r}. Expected pairs of a name and an "
                "estimator. Write [('net', MLPClassifier()), ...]."
            )
    names = [name for name, _ in pairs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(
            f"estimators has the name {twice[0]!r} {names.count(twice[0])} times. "
            "Expected another name for each. Change one."
        )
    odd = [
        name for name in names if "__" in name or name in {*taken, *_ROWS} or not name
    ]
    if odd:
        raise DataError(
            f"estimators has the name {odd[0]!r}, which is a parameter, has two "
            "underscores, or is taken. Expected a name such as 'net'. Change it."
        )
    found = {name: e for name, e in pairs if not isinstance(e, str) or e != "drop"}
    if not found:
        raise DataError(
            "estimators has no member. Expected one at least. Write "
            "[('net', MLPClassifier()), ('forest', RandomForestClassifier())]."
        )
    for name, estimator in found.items():
        if isinstance(estimator, type) or not hasattr(estimator, "fit"):
            raise TypeError(
                f"{name!r} is no estimator: {estimator!r}. Expected an object with "
                "fit and predict. Pass one."
            )
    return found
