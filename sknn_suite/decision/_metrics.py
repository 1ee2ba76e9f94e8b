"""Metrics: scores of scikit-learn that counts are enough for, by name."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sknn_suite.decision._criteria import Criterion, f_beta
from sknn_suite.decision._outcomes import Outcomes, ratio
from sknn_suite.decision._tallies import Tallies


@dataclass(frozen=True)
class Metric(Criterion):
    """A score of scikit-learn that counts are enough for.

    Parameters
    ----------
    name : str
        Its name as a scorer.
    of_two : callable or None
        `Outcomes` to values; None if it is for several classes only.
    of_several : callable or None
        `Tallies` to values; None if it is for two classes only.
    """

    name: str
    of_two: Callable[[Outcomes], np.ndarray] | None
    of_several: Callable[[Tallies], np.ndarray] | None

    def __str__(self) -> str:
        return f"the score {self.name!r}"

    @property
    def for_several_classes(self) -> bool:  # type: ignore[override]
        """Whether it can judge more than two classes."""
        return self.of_several is not None

    def values(self, outcomes: Outcomes) -> np.ndarray:
        if self.of_two is not None:
            return self.of_two(outcomes)
        return self.values_of_classes(Tallies.of_two(outcomes))

    def values_of_classes(self, tallies: Tallies) -> np.ndarray:
        assert self.of_several is not None  # `check` has refused it
        return self.of_several(tallies)


def _matthews(o: Outcomes) -> np.ndarray:
    # Shares, since products of four counts of a million rows lose digits.
    tp, fp, fn, tn = (part / o.total for part in (o.tp, o.fp, o.fn, o.tn))
    below = (tp + fp) * (fn + tn) * (o.positives / o.total) * (o.negatives / o.total)
    return np.divide(
        tp * tn - fp * fn,
        np.sqrt(np.maximum(below, 0)),
        out=np.zeros(len(tp)),
        # Rounding leaves a trace of rows where all or none are flagged.
        where=(o.flagged > 0) & (fn + tn > 1e-14) & (below > 0),
    )


def _balanced(o: Outcomes) -> np.ndarray:
    return (ratio(o.tp, o.positives) + ratio(o.tn, o.negatives)) / 2


METRICS: dict[str, Metric] = {
    name: Metric(name, *functions)
    for name, functions in {
        "accuracy": (lambda o: (o.tp + o.tn) / o.total, Tallies.accuracy),
        "balanced_accuracy": (_balanced, Tallies.balanced_accuracy),
        "f1": (f_beta, None),
        "f1_macro": (None, Tallies.f1_macro),
        "f1_weighted": (None, Tallies.f1_weighted),
        "jaccard": (lambda o: ratio(o.tp, o.flagged + o.fn), None),
        "matthews_corrcoef": (_matthews, Tallies.matthews_corrcoef),
        "precision": (lambda o: o.precision, None),
        "recall": (lambda o: o.recall, None),
        "recall_macro": (_balanced, Tallies.balanced_accuracy),
    }.items()
}
