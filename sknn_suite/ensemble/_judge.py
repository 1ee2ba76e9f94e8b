"""Judge: from predictions of rows to a value, the largest is best."""

from collections.abc import Callable

import numpy as np


class Judge:
    """Judges predictions of the rows that it was made for; the largest value is best.

    Predictions are probabilities of the second class if there are two, (n_samples,), of
    each class if there are more, (n_samples, n_classes), or numbers, (n_samples,).
    """

    def __call__(self, scores: np.ndarray) -> float:
        """Judge predictions."""
        raise NotImplementedError

    def of_each(self, scores: np.ndarray) -> np.ndarray:
        """Judge several predictions, which the first axis counts."""
        return np.array([self(each) for each in scores])


class MeanOfRows(Judge):
    """Judges by the mean of what each row scores.

    Parameters
    ----------
    row : callable
        From predictions, with further axes in front, to scores of their rows.
    weight : ndarray of shape (n_samples,) or None
        Weights of the rows.
    is_root : bool, default=False
        Whether rows score squares, below zero, of whose mean the root is taken.
    """

    def __init__(
        self,
        row: Callable[[np.ndarray], np.ndarray],
        weight: np.ndarray | None,
        *,
        is_root: bool = False,
    ) -> None:
        self.row = row
        self.weight = weight
        self.is_root = is_root

    def __call__(self, scores: np.ndarray) -> float:
        return float(self.of_each(scores))

    def of_each(self, scores: np.ndarray) -> np.ndarray:
        means = np.average(self.row(scores), axis=-1, weights=self.weight)
        return -np.sqrt(-means) if self.is_root else means
