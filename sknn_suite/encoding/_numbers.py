"""Numbers on a robust scale, with a smooth clip, twins for heavy tails, and gaps."""

import numpy as np

from sknn_suite.encoding._scaled import weighted_quantiles

# Where the smooth clip ends.
CLIP = 3.0

# A column has heavy tails if its outermost hundredths are this many times as wide as
# its middle half; a twin column of its ranks then tells large from huge.
HEAVY = 12.0

# Places of ranks between which they are interpolated.
N_QUANTILES = 65


class NumberColumns:
    """Scale columns of numbers; gaps become the median, and a flag.

    A column is centred at its median and divided by the width of its middle half (half
    of its range if that is zero), and x / sqrt(1 + (x / 3) ** 2) clips it smoothly. A
    column with heavy tails gets a twin: the normal score of its rank.

    Attributes
    ----------
    center_, scale_ : ndarray of shape (n_columns,)
        Number to subtract, and to multiply by.
    has_gaps_ : ndarray of bool of shape (n_columns,)
        Columns that had gaps in training.
    is_plain_ : ndarray of bool of shape (n_columns,)
        Columns of two values, which are flags.
    heavy_ : ndarray of int
        Columns with a twin.
    ranks_ : ndarray of shape (n_heavy, n_quantiles)
        Their quantiles.

    Shape
    -----
    values : (n_samples, n_columns), float64 with NaN for gaps
    returns : (n_samples, n_numbers) numbers, (n_samples, n_flags) flags

    References
    ----------
    Holzmüller, Grinsztajn & Steinwart, "Better by Default: Strong Pre-Tuned MLPs and
    Boosted Trees on Tabular Data", NeurIPS 2024, appendix on robust scaling.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_suite.encoding import NumberColumns
    >>> values = np.array([[0.0], [1.0], [2.0], [np.nan]])
    >>> columns = NumberColumns().fit(values)
    >>> [part.ravel().round(2).tolist() for part in columns.transform(values)]
    [[-0.49, 0.0, 0.49, 0.0], [0.0, 0.0, 0.0, 1.0]]
    """

    center_: np.ndarray
    scale_: np.ndarray
    has_gaps_: np.ndarray
    is_plain_: np.ndarray
    heavy_: np.ndarray
    ranks_: np.ndarray

    def fit(
        self, values: np.ndarray, weight: np.ndarray | None = None
    ) -> "NumberColumns":
        """Learn from the training rows."""
        n_columns = values.shape[1]
        self.center_, self.scale_ = np.zeros(n_columns), np.zeros(n_columns)
        gaps = np.isnan(values)
        self.has_gaps_ = gaps.any(axis=0)
        self.is_plain_ = np.array(
            [len(np.unique(v[~gap])) <= 2 for v, gap in zip(values.T, gaps.T)], bool
        )
        heavy, ranks = [], []
        for j in range(n_columns):
            present = values[~gaps[:, j], j]
            if not len(present):
                continue
            own = None if weight is None else weight[~gaps[:, j]]
            fractions = tuple(np.linspace(0, 1, N_QUANTILES))
            found = _quantiles(present, own, fractions)
            low, middle, high = _quantiles(present, own, (0.25, 0.5, 0.75))
            self.center_[j] = middle
            width = high - low
            with np.errstate(over="ignore"):
                if not width > 0:
                    width = (found[-1] - found[0]) / 2
                if np.isfinite(width) and width > 0:
                    self.scale_[j] = 1 / width
                if found[-2] - found[1] > HEAVY * width > 0:
                    heavy.append(j)
                    ranks.append(found)
        self.heavy_ = np.array(heavy, dtype=np.int64)
        self.ranks_ = np.array(ranks).reshape(len(heavy), N_QUANTILES)
        return self

    @property
    def n_numbers(self) -> int:
        """Columns of numbers that `transform` returns."""
        return int((~self.is_plain_).sum()) + len(self.heavy_)

    @property
    def n_flags(self) -> int:
        """Columns of flags that `transform` returns."""
        return int(self.has_gaps_.sum()) + int(self.is_plain_.sum())

    def transform(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Scale rows, in float64."""
        gaps = np.isnan(values)
        with np.errstate(over="ignore", invalid="ignore"):
            z = (values - self.center_) * self.scale_
            z = np.clip(z, -1e30, 1e30)
            z /= np.hypot(1.0, z / CLIP)
        z[gaps] = 0.0
        twins = np.zeros((len(values), len(self.heavy_)))
        for k, j in enumerate(self.heavy_):
            twins[:, k] = _normal_score(values[:, j], self.ranks_[k])
        twins[gaps[:, self.heavy_]] = 0.0
        flags = gaps[:, self.has_gaps_].astype(np.float64)
        numbers = np.hstack([z[:, ~self.is_plain_], twins])
        return numbers, np.hstack([z[:, self.is_plain_], flags])


def _quantiles(
    values: np.ndarray, weight: np.ndarray | None, fractions: tuple[float, ...]
) -> np.ndarray:
    found = weighted_quantiles(values[:, None], weight, fractions)
    return np.array([column[0] for column in found])


def _normal_score(values: np.ndarray, quantiles: np.ndarray) -> np.ndarray:
    """Map ranks to about normal numbers, in [-2, 2]; ties take the middle."""
    places = np.linspace(-1, 1, len(quantiles))
    known = np.nan_to_num(values)
    left = np.interp(known, quantiles, places)
    right = -np.interp(-known, -quantiles[::-1], places)
    middle = (left + right) / 2
    return 2 * middle / np.sqrt(2.2 - 1.2 * middle**2)
