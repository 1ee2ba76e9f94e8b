"""Find the different n-grams, and those that occur more than once."""

import numpy as np

# Number of slices of the range of hashes; one slice is merged at a time.
N_SLICES = 32


class HashTally:
    """Collect hashes part by part, and find the different ones.

    Parameters
    ----------
    repeated : bool
        Whether to keep only hashes that occur more than once.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_suite.encoding import HashTally
    >>> tally = HashTally(repeated=True)
    >>> tally.add(np.array([5, 3], np.uint64), np.ones(2))
    >>> tally.add(np.array([9, 3], np.uint64), np.ones(2))
    >>> tally.choose().tolist()
    [3]
    """

    def __init__(self, repeated: bool) -> None:
        self.repeated = repeated
        self._parts: list[np.ndarray] = []
        self._counts: list[np.ndarray] = []

    def add(self, hashes: np.ndarray, times: np.ndarray) -> None:
        """Add hashes, with the number of times that each occurs."""
        if not self.repeated:
            self._parts.append(np.unique(hashes))
            return
        different, index = np.unique(hashes, return_inverse=True)
        self._parts.append(different)
        self._counts.append(np.bincount(index, times).astype(np.float32))

    def choose(self) -> np.ndarray:
        """Return the kept hashes, sorted."""
        edges = np.arange(1, N_SLICES, dtype=np.uint64) * np.uint64(2**64 // N_SLICES)
        ends = [[0, *np.searchsorted(p, edges), len(p)] for p in self._parts]
        chosen = [np.zeros(0, np.uint64)]
        for k in range(N_SLICES):
            slices = [slice(*end[k : k + 2]) for end in ends]
            keys = np.concatenate([p[s] for p, s in zip(self._parts, slices)])
            if not self.repeated:
                chosen.append(np.unique(keys))
                continue
            times = np.concatenate([c[s] for c, s in zip(self._counts, slices)])
            keys, index = np.unique(keys, return_inverse=True)
            chosen.append(keys[np.bincount(index, times) > 1])
        return np.concatenate(chosen)


def count_times(weight: np.ndarray) -> np.ndarray:
    """How often each text counts for the vocabulary, by its weight.

    A weight of 2 equals the text twice, and 0 leaves it out. A text with a weight
    between 0 and 1 counts once, because its words still occur.
    """
    return np.where(weight > 0, np.maximum(weight, 1.0), 0.0)
