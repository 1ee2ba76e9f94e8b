"""Parts of dates by arithmetic alone, for graphs and modules."""

import math
from collections.abc import Callable
from typing import Any

from sknn_suite.encoding._dates import DATE_CYCLES, DAY

# Days from the first of March of the year 0 to 1970, and of 400, 100 and 4 years. Years
# that begin in March end with the day that is added every fourth year.
FROM_MARCH, ERA, CENTURY, FOUR_YEARS = 719_468, 146_097, 36_524, 1_460

Floor = Callable[[Any], Any]


def civil(days: Any, floor: Floor) -> tuple[Any, Any, Any]:
    """Year, month and day of days since 1970.

    Parameters
    ----------
    days : array, Tensor or Value
        Whole numbers in float64.
    floor : callable
        Its function that rounds down.

    References
    ----------
    Hinnant, "chrono-Compatible Low-Level Date Algorithms", 2021.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_suite.export._calendar import civil
    >>> [part.tolist() for part in civil(np.array([0.0, 19_782.0]), np.floor)]
    [[1970.0, 2024.0], [1.0, 2.0], [1.0, 29.0]]
    """
    moved = days + FROM_MARCH
    era = floor(moved / ERA)
    of_era = moved - era * ERA
    leaps = floor(of_era / FOUR_YEARS) - floor(of_era / CENTURY)
    year = floor((of_era - leaps - floor(of_era / (ERA - 1))) / 365)
    of_year = of_era - (365 * year + floor(year / 4) - floor(year / 100))
    month = floor((5 * of_year + 2) / 153)
    day = of_year - floor((153 * month + 2) / 5) + 1
    after = floor(month / 10)  # January and February
    return year + era * 400 + after, month + 3 - 12 * after, day


def parts_of_dates(
    seconds: Any, first: float, kept: list[str], floor: Floor, sine: Floor
) -> list[Any]:
    """Compute parts of dates as `DateColumns` does; those of gaps are any numbers.

    Parameters
    ----------
    seconds : array, Tensor or Value
        Seconds since 1970, in float64.
    first : float
        The earliest date in training.
    kept : list of str
        Names of the parts.
    floor, sine : callable
        Functions of such values.
    """
    days = floor(seconds / DAY)
    year, month, day = civil(days, floor)
    from_thursday = days + 3
    parts = {
        "year": year,
        "month": month,
        "day": day,
        "weekday": from_thursday - 7 * floor(from_thursday / 7),
        "hour": (seconds - days * DAY) / 3600,
        "days": (seconds - first) / DAY,
    }
    found = []
    for name in kept:
        plain, _, function = name.partition(" (")
        if not function:
            found.append(parts[name])
            continue
        angle = parts[plain] * (2 * math.pi / DATE_CYCLES[plain])
        # Runtimes have a sine in float64, and not all a cosine.
        found.append(sine(angle if function == "sine)" else angle + math.pi / 2))
    return found
