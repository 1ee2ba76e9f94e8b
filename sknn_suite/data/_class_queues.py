"""ClassQueues: which rows an epoch takes, so that each class has its share of it."""

from collections.abc import Sequence

import numpy as np


def rows_per_class(counts: np.ndarray, shares: Sequence[float]) -> np.ndarray:
    """Divide an epoch among the classes; it has as many rows as there are in all.

    Parameters
    ----------
    counts : ndarray of shape (n_classes,)
        Rows of each class.
    shares : sequence of float
        Wanted shares, > 0. Classes without rows get nothing.

    Returns
    -------
    ndarray of shape (n_classes,)
        Rows of each class in an epoch: at least one if it has any.
    """
    wanted = np.where(counts > 0, shares, 0.0)
    exact = wanted / wanted.sum() * counts.sum()
    sizes = np.maximum(np.floor(exact), counts > 0).astype(np.int64)
    missing = int(counts.sum() - sizes.sum())
    sizes[np.argsort(sizes - exact, kind="stable")[: max(missing, 0)]] += 1
    for _ in range(-missing):  # the largest pay for those that were raised to one
        sizes[sizes.argmax()] -= 1
    return sizes


class ClassQueues:
    """Rows of each class in a queue, from whose front an epoch takes the class's share.

    What was taken goes to the end. So all rows of a large class come once, over several
    epochs, before any of them comes again, and the rows of a small class come again
    within an epoch, equally often but for one time. Where in its epoch a row comes is
    random.

    Parameters
    ----------
    codes : ndarray of shape (n_rows,)
        Class of each row, counted from 0.
    shares : sequence of float
        Share of each class in an epoch, and in each batch of it.
    """

    def __init__(self, codes: np.ndarray, shares: Sequence[float]) -> None:
        self.codes = codes
        counts = np.bincount(codes, minlength=len(shares))
        self.sizes = rows_per_class(counts, shares).tolist()

    def shuffle(
        self, order: np.ndarray, random_state: np.random.RandomState
    ) -> np.ndarray:
        """Put all queues in a random order, before the first epoch."""
        return random_state.permutation(order)

    def take(
        self, order: np.ndarray, random_state: np.random.RandomState | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Take an epoch's rows.

        Parameters
        ----------
        order : ndarray of shape (n_rows,)
            Numbers of all rows; those of a class are its queue.
        random_state : RandomState or None
            None keeps the order of the queues.

        Returns
        -------
        rows : ndarray of shape (n_rows,)
            Row numbers of the epoch; classes alternate as evenly as their shares allow.
        order : ndarray of shape (n_rows,)
            The queues after that.
        """
        taken, places, queues = [], [], []
        codes = self.codes[order]
        for code, size in enumerate(self.sizes):
            if size == 0:
                continue
            rows, queue = _take(order[codes == code], size, random_state)
            taken.append(rows)
            queues.append(queue)
            # Equal steps from a random start: each stretch has the class's share.
            start = 0.5 if random_state is None else random_state.uniform()
            places.append((np.arange(len(rows)) + start) / len(rows))
        by_place = np.argsort(np.concatenate(places), kind="stable")
        return np.concatenate(taken)[by_place], np.concatenate(queues)


def _take(
    queue: np.ndarray, size: int, random_state: np.random.RandomState | None
) -> tuple[np.ndarray, np.ndarray]:
    """Take rows from the front of a queue, or all of them several times and more."""
    n_times, n_more = divmod(size, len(queue))
    first, others = queue[:n_more], queue[n_more:]
    behind = np.concatenate([others, first])
    if random_state is not None:
        first = random_state.permutation(first)
    if n_times == 0:
        return first, behind
    if random_state is None:
        again = np.tile(queue, n_times)
    else:
        keys = random_state.random_sample((n_times, len(queue)))
        again = queue[keys.argsort(axis=1)].ravel()
    return np.concatenate([first, again]), behind
