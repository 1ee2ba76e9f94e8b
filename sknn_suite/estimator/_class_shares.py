"""ClassShares: how large the classes are, and how large training sees them."""

from numbers import Real
from typing import Any, NamedTuple

import numpy as np

from sknn_suite.checks import list_some
from sknn_suite.data import rows_per_class
from sknn_suite.encoding import ClassTarget
from sknn_suite.exceptions import DataError


class ClassShares(NamedTuple):
    """The classes of the training rows.

    Parameters
    ----------
    n_rows : ndarray of shape (n_classes,)
        Rows of each class.
    totals : ndarray of shape (n_classes,)
        Sums of their weights, those by class included.
    class_weights : ndarray of shape (n_classes,)
        Weight of each class, 1 without `class_weight`.
    drawn : tuple of float or None
        Share of each class in a batch; None for that of the rows as they are.
    """

    n_rows: np.ndarray
    totals: np.ndarray
    class_weights: np.ndarray
    drawn: tuple[float, ...] | None

    @classmethod
    def of_rows(
        cls,
        target: ClassTarget,
        y: np.ndarray,
        weight: np.ndarray | None,
        class_weight: dict | None,
        drawn: tuple[float, ...] | None,
    ) -> "ClassShares":
        """Count training rows, which have `weight`, that of their class included."""
        codes, n_classes = target.codes(y), len(target.classes_)
        n_rows = np.bincount(codes, minlength=n_classes)
        totals = np.bincount(codes, weight, minlength=n_classes).astype(float)
        weights = np.ones(n_classes)
        if class_weight is not None:
            classes = target.classes_.tolist()
            weights = np.array([class_weight[label] for label in classes])
        return cls(n_rows, totals, weights, drawn)

    @property
    def times_drawn(self) -> np.ndarray:
        """How often an epoch takes a row of each class, on average."""
        if self.drawn is None:
            return np.ones(len(self.n_rows))
        sizes = rows_per_class(self.n_rows, self.drawn)
        return np.where(sizes > 0, sizes / np.maximum(self.n_rows, 1), 1.0)

    @property
    def factors(self) -> np.ndarray:
        """How much more training counts each class than the rows as they are do."""
        return self.class_weights * self.times_drawn

    @property
    def seen(self) -> np.ndarray:
        """Shares of the classes in training."""
        totals = self.totals * self.times_drawn
        return totals / totals.sum()

    @property
    def true(self) -> np.ndarray:
        """Shares of the classes as they are, by sample weight."""
        weights = self.class_weights
        totals = np.divide(
            self.totals, weights, out=np.zeros(len(weights)), where=weights > 0
        )
        return totals / totals.sum()

    def refuse_absent(self, classes: np.ndarray, what: str) -> None:
        """Refuse training rows that lack a class, for what needs its share."""
        absent = classes[self.totals <= 0].tolist()
        if absent:
            raise DataError(
                f"{what} needs the share of each class, and no training row of "
                f"{list_some(absent)} counts. Expected one or more. Pass rows of these "
                "classes, set fewer rows aside, or give them a weight."
            )


def settle_batch_shares(
    of: Any, target: ClassTarget, *, partial: bool
) -> tuple[float, ...] | None:
    """Read `batch_sampling`: the share of each class in a batch, None for "shuffle"."""
    given = of.batch_sampling
    if isinstance(given, str) and given == "shuffle":
        return None
    if target.kind_ == "multilabel":
        raise ValueError(
            f"batch_sampling={given!r} does not go with several labels per row, which "
            "are in no single class. Expected 'shuffle'. Leave batch_sampling out, or "
            "set class_weight."
        )
    if partial and of.probabilities == "true_shares":
        raise ValueError(
            f"batch_sampling={given!r} does not go with probabilities='true_shares' in "
            "partial_fit, which sees one part of the data and not the true shares. "
            "Expected probabilities='as_trained'. Correct them yourself with "
            "sknn_suite.decision.prior_correction."
        )
    classes = target.classes_.tolist()
    if isinstance(given, str):
        return (1 / len(classes),) * len(classes)
    if set(given) != set(classes):
        raise ValueError(
            f"batch_sampling has shares of {list_some(given)}, and the classes in y "
            f"are {list_some(classes)}. Expected one share for each class. Change its "
            "keys."
        )
    for label, share in given.items():
        usable = isinstance(share, Real) and 0 < float(share) < np.inf
        if not usable:
            raise ValueError(
                f"batch_sampling gives {label!r} the share {share!r}. Expected a "
                "finite number > 0. Change it, or drop the rows of the class."
            )
    total = sum(given.values())
    return tuple(float(given[label] / total) for label in classes)
