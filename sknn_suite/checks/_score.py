"""Check what the user's scorer returns."""

from numbers import Real
from typing import Any

import numpy as np


def check_score(score: Any, scoring: Any) -> float:
    """Check that a score is one number; NaN is allowed and is never an improvement.

    Raises
    ------
    TypeError
        If it is not.
    """
    if np.ndim(score) == 0 and isinstance(score, Real | np.ndarray | np.generic):
        try:
            return float(score)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            pass  # the error follows below
    raise TypeError(
        f"early_stopping_scoring={scoring!r} returned {str(score)[:50]!r}. Expected "
        "one number, larger for a better estimator. Return float(score)."
    )
