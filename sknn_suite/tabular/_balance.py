"""Balance: which members of an ensemble weigh the classes equally."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from sknn_suite.exceptions import DataError
from sknn_suite.tabular._judge import Judge

# From so many rows of the largest class on, per row of the rarest, weights are tried.
# With fewer they change too little to be told from chance.
UNEVEN = 4.0


@dataclass(frozen=True)
class Balance:
    """Members that weigh the classes equally, beside members that do not.

    Parameters
    ----------
    is_weighed : tuple of bool
        Of each member.
    class_weights : tuple of float
        Weight of each class, for members that are weighed.
    """

    is_weighed: tuple[bool, ...]
    class_weights: tuple[float, ...]

    @classmethod
    def settle(
        cls, wanted: str | None, totals: np.ndarray, n_members: int, n_folds: int | None
    ) -> "Balance | None":
        """Choose what members try; None if none weighs its classes.

        Parameters
        ----------
        wanted : {"auto", "weights"} or None
            The parameter `imbalance`.
        totals : ndarray of shape (n_classes,)
            Weight of the training rows of each class.
        n_members : int
            Number of members.
        n_folds : int or None
            Folds that members leave out in turn.
        """
        if wanted is None or len(totals) < 2 or not totals.min() > 0:
            return None
        member = np.arange(n_members)
        is_weighed = np.ones(n_members, bool)
        if wanted == "auto":
            # Members with and without weights leave out the same rows, or they could
            # not be compared, and both have deep and shallow ones.
            fold, turn = (
                member % (n_folds or n_members),
                member // (n_folds or n_members),
            )
            is_weighed = (fold + turn) % 2 == 1
            fewest = 2 * (n_folds or 1)
            if totals.max() < UNEVEN * totals.min() or n_members < fewest:
                return None
        weights = totals.sum() / (len(totals) * totals)
        return cls(tuple(is_weighed.tolist()), tuple(weights.tolist()))

    def by_member(self) -> tuple[tuple[float, ...], ...]:
        """Weights of the classes for each member."""
        ones = (1.0,) * len(self.class_weights)
        return tuple(self.class_weights if own else ones for own in self.is_weighed)

    def first_biases(self, n_outputs: int) -> np.ndarray:
        """Raw scores to begin with: even classes, as a member sees them.

        Returns
        -------
        ndarray of shape (n_members, n_outputs)
            One output is that of the second of two classes.
        """
        added = -np.log(np.array(self.by_member()))
        return added[:, 1:] - added[:, :1] if n_outputs == 1 else added

    def choose(self, raw: Tensor, judge: Judge) -> np.ndarray:
        """Choose the members whose mean is best on the rows that they left out.

        The mean of all members, which are twice as many, is better than that of either
        half even if weights of classes do harm. So all are kept only if those with
        weights are as good by themselves as those without.

        Returns
        -------
        ndarray of shape (n_members,)
            Equal weights of members with weights of classes, of those without, or of
            all.
        """
        weighed = np.array(self.is_weighed)
        everyone = np.full(len(weighed), 1 / len(weighed))
        if weighed.all():
            return everyone
        with_weights, without = weighed / weighed.sum(), ~weighed / (~weighed).sum()
        loss, usual = judge.of_mean(raw, with_weights), judge.of_mean(raw, without)
        if not loss <= usual and np.isfinite(usual):
            return without
        return with_weights if loss < judge.of_mean(raw, everyone) else everyone


def told(balance: Balance | None, share: np.ndarray) -> str:
    """Say in a word what members with a weight in the mean do about imbalance."""
    if balance is None:
        return "none"
    weighed = np.array(balance.is_weighed)[share > 0]
    if weighed.all():
        return "weights"
    return "both" if weighed.any() else "none"


def check_imbalance(of: Any, kind: str) -> None:
    """Refuse parameters that do not go with `imbalance`."""
    if of.imbalance is None:
        return
    if kind == "multilabel":
        raise DataError(
            f"imbalance={of.imbalance!r} does not go with several labels per row, "
            "which are in no single class. Expected None. Leave it out, or fit a model "
            "per label."
        )
    expected = {"class_weight": None, "batch_sampling": "shuffle", "loss": "log_loss"}
    for name, value in expected.items():
        given = getattr(of, name)
        if not (given is value or (isinstance(given, str) and given == value)):
            raise ValueError(
                f"imbalance={of.imbalance!r} does not go with {name}={given!r}: both "
                f"weigh the classes. Expected {name}={value!r}. Change one of the two."
            )
