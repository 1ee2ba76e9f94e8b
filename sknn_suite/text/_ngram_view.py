"""The fitted n-gram model, to look at."""

from typing import Any

import numpy as np

from sknn_suite.checks import list_some
from sknn_suite.encoding import FIRST_GRAM, NgramNames, TextEncoder
from sknn_suite.modules import SHARE_OF_NETWORKS


class NgramModel:
    """The linear n-gram model that is averaged with the networks; to look at only.

    Attributes
    ----------
    n_ngrams : int
        N-grams that it knows.
    n_iter : int
        Iterations in which its weights were found.
    loss : float
        Its log-loss on the training texts, penalty included.
    share : float
        Its share in the raw scores that predict.

    Examples
    --------
    >>> from sknn_suite import TextRNNClassifier
    >>> texts = ["what a fine film", "a dull film", "fine and warm", "dull and long"]
    >>> model = TextRNNClassifier(hidden_sizes=8, wide_letters=False, random_state=0)
    >>> model = model.fit(texts * 5, ["good", "bad", "good", "bad"] * 5)
    >>> model.ngram_model_.n_ngrams
    37
    >>> [ngram for ngram, weight in model.ngram_model_.top_ngrams("good", 1)]
    ['fine']
    """

    def __init__(
        self,
        encoder: TextEncoder,
        weight: np.ndarray,
        classes: np.ndarray,
        *,
        per_label: bool,
        n_iter: int,
        loss: float,
    ) -> None:
        self._encoder = encoder
        self._weight = weight[FIRST_GRAM:]
        self._classes = classes
        self._per_label = per_label
        self._n_iter, self._loss = n_iter, loss

    @property
    def n_ngrams(self) -> int:
        """N-grams that it knows."""
        return len(self._weight)

    @property
    def n_iter(self) -> int:
        """Iterations in which its weights were found."""
        return self._n_iter

    @property
    def loss(self) -> float:
        """Log-loss on the training texts, penalty included."""
        return self._loss

    @property
    def share(self) -> float:
        """Share in the raw scores that predict."""
        return 1 - SHARE_OF_NETWORKS

    def __repr__(self) -> str:
        return (
            f"NgramModel(n_ngrams={self.n_ngrams}, n_iter={self.n_iter}, "
            f"share={self.share:g})"
        )

    def top_ngrams(self, label: Any, k: int = 10) -> list[tuple[str, float]]:
        """N-grams that speak most for a class.

        Parameters
        ----------
        label : object
            The class, an element of `classes_`.
        k : int, default=10
            Most n-grams that are listed.

        Returns
        -------
        list of (str, float)
            N-grams and their weights above zero, the largest first: words, runs of
            words, and letter n-grams with a ``*`` where their word continues. Those
            with words that `vocabulary_` lacks are left out, since no text is kept.
        """
        weight = self._of_class(label)
        encoder = self._encoder
        names = NgramNames([*encoder.vocabulary_], encoder.grams_, encoder.ngrams)
        found: list[tuple[str, float]] = []
        for at in np.argsort(-weight, kind="stable").tolist():
            if len(found) >= k or weight[at] <= 0:
                break
            name = names.spell(encoder.grams_[at])
            if name is not None:
                found.append((name, float(weight[at])))
        return found

    def _of_class(self, label: Any) -> np.ndarray:
        at = np.flatnonzero(np.asarray(self._classes == label))
        if len(at) != 1:
            raise ValueError(
                f"label={label!r} is not a class of the model. Expected one of "
                f"{list_some(self._classes, 10)}. Choose it from classes_."
            )
        k, weight = int(at[0]), self._weight
        if self._per_label:
            return weight[:, k]
        if weight.shape[1] == 1:
            return weight[:, 0] if k else -weight[:, 0]
        return weight[:, k] - weight.mean(axis=1)
