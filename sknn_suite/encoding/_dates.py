"""Dates as numbers: parts of the calendar, cycles, and days since the first."""

import numpy as np

DAY = 86_400.0

# Length of each cycle, by its name.
DATE_CYCLES = {"month": 12.0, "day": 31.0, "weekday": 7.0, "hour": 24.0}


class DateColumns:
    """Parts of dates: year, month, day, weekday, hour, and days since the first.

    Month, day, weekday and hour are also points on a circle, since December is next to
    January. Parts that are the same in all training rows are left out.

    Attributes
    ----------
    first_ : ndarray of shape (n_columns,)
        Earliest training date, in seconds since 1970.
    parts_ : list of list of str
        The parts of each column that are kept.

    Shape
    -----
    seconds : (n_samples, n_columns), seconds since 1970, NaN for gaps
    returns : (n_samples, n_parts)

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_suite.encoding import DateColumns
    >>> days = np.array([["2024-02-29"], ["2024-03-01"]], "datetime64[s]")
    >>> columns = DateColumns().fit(days.astype(float))
    >>> columns.names(["sold"])[:4]
    ['sold month', 'sold day', 'sold weekday', 'sold days']
    >>> columns.transform(days.astype(float))[:, :4].tolist()
    [[2.0, 29.0, 3.0, 0.0], [3.0, 1.0, 4.0, 1.0]]
    """

    first_: np.ndarray
    parts_: list[list[str]]

    def fit(self, seconds: np.ndarray) -> "DateColumns":
        """Learn from the training rows."""
        self.first_, self.parts_ = np.zeros(seconds.shape[1]), []
        for j in range(seconds.shape[1]):
            present = seconds[~np.isnan(seconds[:, j]), j]
            self.first_[j] = present.min() if len(present) else 0.0
            parts = _parts(present, self.first_[j])
            self.parts_.append([n for n, part in parts.items() if np.ptp(part) > 0])
        return self

    def names(self, columns: list[str]) -> list[str]:
        """Names of the numbers."""
        return [
            f"{column} {part}"
            for column, parts in zip(columns, self.parts_)
            for part in parts
        ]

    def transform(self, seconds: np.ndarray) -> np.ndarray:
        """Compute the parts of rows."""
        found = [np.empty((len(seconds), 0))]
        for j, kept in enumerate(self.parts_):
            gaps = np.isnan(seconds[:, j])
            parts = _parts(np.where(gaps, 0.0, seconds[:, j]), self.first_[j])
            chosen = [np.where(gaps, np.nan, parts[name])[:, None] for name in kept]
            found += chosen
        return np.hstack(found)


def _parts(seconds: np.ndarray, first: float) -> dict[str, np.ndarray]:
    """All parts of dates without gaps, as float64."""
    if not len(seconds):
        return {}
    days = np.floor(seconds / DAY)
    date = days.astype(np.int64).astype("datetime64[D]")
    months = date.astype("datetime64[M]")
    parts = {
        "year": date.astype("datetime64[Y]").astype(np.float64) + 1970,
        "month": months.astype(np.int64) % 12 + 1.0,
        "day": (date - months).astype(np.float64) + 1,
        "weekday": (days + 3) % 7,  # 1970 began on a Thursday; Monday is 0
        "hour": (seconds - days * DAY) / 3600,
        "days": (seconds - first) / DAY,
    }
    for name, length in DATE_CYCLES.items():
        angle = 2 * np.pi * parts[name] / length
        parts[f"{name} (sine)"] = np.sin(angle)
        parts[f"{name} (cosine)"] = np.cos(angle)
    return parts


# Names of all parts.
PARTS = tuple(_parts(np.zeros(1), 0.0))
