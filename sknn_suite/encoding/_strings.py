"""Short texts as numbers: hashed letter n-grams, reduced to a few directions."""

import numpy as np
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.utils.extmath import randomized_svd

from sknn_suite.data import Column

# Buckets into which n-grams are hashed, and directions that are kept of them.
N_BUCKETS = 1024
N_DIRECTIONS = 16

# Letters of the shortest and the longest n-grams.
NGRAMS = (2, 4)

# Directions are learnt from this many different texts at most.
MOST_TEXTS = 20_000


class StringColumns:
    """Hashed letter n-grams of each column, in their main directions.

    Letter n-grams of a text, within words, are hashed into 1,024 buckets and weighted
    by how rare they are. The 16 directions in which the training texts differ most are
    the numbers. They keep their proportions, and together deviate by one, as a column
    of numbers does. A gap is a text without letters.

    Attributes
    ----------
    rarity_ : list of ndarray of shape (n_buckets,)
        Weight of each bucket.
    directions_ : list of ndarray of shape (n_buckets, n_directions)
        Directions, divided by the deviation of all together.
    center_ : list of ndarray of shape (n_directions,)
        Means, to subtract.

    References
    ----------
    Deerwester et al., "Indexing by Latent Semantic Analysis", JASIS 41, 1990.

    Examples
    --------
    >>> from sknn_suite.data import column_of_words
    >>> from sknn_suite.encoding import StringColumns
    >>> names = [f"{title} {i}" for i in range(20) for title in ("Mr.", "Mrs.")]
    >>> column = column_of_words("name", names)
    >>> StringColumns().fit([column]).transform([column]).shape
    (40, 16)
    """

    rarity_: list[np.ndarray]
    directions_: list[np.ndarray]
    center_: list[np.ndarray]

    def fit(self, columns: list[Column]) -> "StringColumns":
        """Learn the directions from columns of words."""
        self.rarity_, self.directions_, self.center_ = [], [], []
        for column in columns:
            texts, times = _different(column)
            step = -(-len(texts) // MOST_TEXTS)
            grams, times = _hash(texts[::step]), times[::step]
            found = grams.copy()
            found.data = np.ones_like(found.data)
            seen = np.asarray(found.T @ times).ravel()
            rarity = np.log((1 + times.sum()) / (1 + seen)) + 1
            weighted = grams.multiply(rarity).tocsr()
            often = weighted.multiply(np.sqrt(times)[:, None]).tocsr()
            size = min(N_DIRECTIONS, *(n - 1 for n in often.shape))
            _, _, axes = randomized_svd(often, max(size, 1), random_state=0)
            raw = weighted @ axes.T
            center = np.average(raw, axis=0, weights=times)
            spread = np.average((raw - center) ** 2, axis=0, weights=times).sum()
            scale = 1 / np.sqrt(spread) if spread > 1e-18 else 0.0
            self.rarity_.append(rarity.astype(np.float32))
            self.directions_.append((axes.T * scale).astype(np.float32))
            self.center_.append(center * scale)
        return self

    @property
    def n_numbers(self) -> int:
        """Columns that `transform` returns."""
        return sum(directions.shape[1] for directions in self.directions_)

    def transform(self, columns: list[Column]) -> np.ndarray:
        """Numbers of rows, (n_samples, n_numbers)."""
        found = []
        for j, column in enumerate(columns):
            used, places = np.unique(column.values, return_inverse=True)
            grams = _hash(_texts(column, used)).multiply(self.rarity_[j]).tocsr()
            numbers = grams @ self.directions_[j].astype(np.float64) - self.center_[j]
            found.append(numbers[places])
        return np.hstack(found) if found else np.empty((0, 0))


def _hash(texts: list[str]):  # type: ignore[no-untyped-def]  # a sparse matrix
    vectorizer = HashingVectorizer(
        analyzer="char_wb", ngram_range=NGRAMS, n_features=N_BUCKETS
    )
    return vectorizer.transform(texts)


def _texts(column: Column, used: np.ndarray) -> list[str]:
    assert column.levels is not None
    return ["" if place < 0 else str(column.levels[place]) for place in used]


def _different(column: Column) -> tuple[list[str], np.ndarray]:
    """Texts that occur, and how often."""
    used, times = np.unique(column.values, return_counts=True)
    return _texts(column, used), times.astype(np.float64)
