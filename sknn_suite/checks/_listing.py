"""Lists of labels and names in errors: the first few, and how many more there are."""

from collections.abc import Iterable
from typing import Any

import numpy as np

# Labels and names that an error shows.
SHOWN = 5


def list_some(values: Iterable[Any], n_shown: int = SHOWN) -> str:
    """Write the first values, and how many more there are.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_suite.checks import list_some
    >>> list_some(np.arange(10)), list_some(["a", "b"])
    ('[0, 1, 2, 3, 4] and 5 more', "['a', 'b']")
    """
    found = values.tolist() if isinstance(values, np.ndarray) else list(values)
    more = len(found) - n_shown
    return f"{found[:n_shown]}" + (f" and {more} more" if more > 0 else "")
