"""Offsets of several classes: a search that never ends worse than it began."""

from typing import NamedTuple

import numpy as np

from sknn_suite.decision._criteria import CostMatrix, Criterion
from sknn_suite.decision._scorer import ScorerCriterion
from sknn_suite.decision._tallies import Tallies

# Rounds over all classes; a search usually ends after three.
MOST_ROUNDS = 20

# Candidates per class for a scorer, which is called for each.
SCORED_CANDIDATES = 50

# Numbers held at a time while one class is swept.
SWEEP_CELLS = 2_000_000

# What counts as better: more than rounding.
GAIN = 1e-12


class OffsetChoice(NamedTuple):
    """Offsets of the classes, and their value.

    Parameters
    ----------
    offsets : ndarray of shape (n_classes,)
        Added to the scores, the largest sum decides; the first is 0.
    value, start : float
        What they were chosen by; and that of the largest score, without offsets.
    """

    offsets: np.ndarray
    value: float
    start: float


class Sweeper:
    """Values of all offsets of one class, the others fixed.

    Parameters
    ----------
    codes : ndarray of int, of shape (n_samples,)
        Classes of the rows.
    scores : ndarray of shape (n_samples, n_classes)
        Scores that add: log-probabilities or decision values, finite.
    criterion : Criterion
        What is best.
    classes : ndarray of shape (n_classes,)
        The labels.
    weight : ndarray of shape (n_samples,) or None
        Weights of the rows, > 0.
    """

    def __init__(
        self,
        codes: np.ndarray,
        scores: np.ndarray,
        criterion: Criterion,
        classes: np.ndarray,
        weight: np.ndarray | None,
    ) -> None:
        self.codes, self.scores, self.criterion = codes, scores, criterion
        self.classes, self.given = classes, weight
        self.weight = np.ones(len(codes)) if weight is None else weight
        self.true = np.bincount(codes, self.weight, minlength=len(classes))
        self.costs = np.zeros((len(classes), len(classes)))
        if isinstance(criterion, CostMatrix):
            self.costs = np.asarray(criterion.costs)

    def value(self, offsets: np.ndarray) -> float:
        """Value of offsets."""
        decided = (self.scores + offsets).argmax(axis=1)
        return float(self._values_of(decided))

    def _values_of(self, decided: np.ndarray) -> float:
        if isinstance(self.criterion, ScorerCriterion):
            labels = self.classes[self.codes], self.classes[decided]
            return self.criterion.score(*labels, self.classes, self.given)
        return float(self.criterion.values_of_classes(self._tally(decided))[0])

    def _tally(self, decided: np.ndarray) -> Tallies:
        right = decided == self.codes
        k = len(self.true)
        return Tallies(
            np.bincount(self.codes[right], self.weight[right], minlength=k)[None],
            np.bincount(decided, self.weight, minlength=k)[None],
            self.true,
            np.array([(self.costs[self.codes, decided] * self.weight).sum()]),
        )

    def sweep(self, k: int, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return all offsets of class k that decide differently, and their values."""
        others = self.scores + offsets
        others[:, k] = -np.inf
        rival = others.argmax(axis=1)
        needed = others.max(axis=1) - self.scores[:, k]  # more makes a row class k
        order = needed.argsort()
        needed = needed[order]
        last = np.flatnonzero(np.diff(needed, append=np.inf))
        candidates = np.concatenate(
            [[needed[0] - 1], (needed[last[:-1]] + needed[last[1:]]) / 2]
        )
        candidates = np.append(candidates, needed[-1] + 1)
        # Number of rows that are of class k with each candidate.
        n_won = np.concatenate([[0], last + 1])
        if isinstance(self.criterion, ScorerCriterion):
            return self._score_candidates(k, rival, order, candidates, n_won)
        return candidates, self._values_while_winning(k, rival, order, n_won)

    def _score_candidates(
        self,
        k: int,
        rival: np.ndarray,
        order: np.ndarray,
        candidates: np.ndarray,
        n_won: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        some = np.linspace(0, len(candidates) - 1, SCORED_CANDIDATES)
        chosen = np.unique(some.round().astype(int))
        values = []
        for n in n_won[chosen]:
            decided = rival.copy()
            decided[order[:n]] = k
            values.append(self._values_of(decided))
        return candidates[chosen], np.array(values)

    def _values_while_winning(
        self, k: int, rival: np.ndarray, order: np.ndarray, n_won: np.ndarray
    ) -> np.ndarray:
        """Values as class k takes row after row from its rivals."""
        begin = self._tally(rival)
        right, decided, cost = begin.right[0], begin.decided[0], begin.cost[0]
        values = np.empty(len(n_won))
        values[0] = self.criterion.values_of_classes(begin)[0]
        step = max(SWEEP_CELLS // len(self.true), 1)
        for first in range(0, len(order), step):
            rows = order[first : first + step]
            codes, lost, weight = self.codes[rows], rival[rows], self.weight[rows]
            at = np.arange(len(rows))
            gain = np.zeros((len(rows), len(self.true)))
            gain[at, lost] -= weight * (codes == lost)
            gain[at, k] += weight * (codes == k)
            moved = np.zeros_like(gain)
            moved[at, lost] -= weight
            moved[at, k] += weight
            paid = (self.costs[codes, k] - self.costs[codes, lost]) * weight
            rights = right + gain.cumsum(axis=0)
            decideds = decided + moved.cumsum(axis=0)
            costs = cost + paid.cumsum()
            right, decided, cost = rights[-1], decideds[-1], costs[-1]
            mine = np.flatnonzero((n_won > first) & (n_won <= first + len(rows)))
            ends = n_won[mine] - first - 1
            # Rounding leaves traces below zero where nothing is left.
            decideds = np.maximum(decideds[ends], 0)
            tallies = Tallies(
                np.maximum(rights[ends], 0), decideds, self.true, costs[ends]
            )
            values[mine] = self.criterion.values_of_classes(tallies)
        return values


def find_offsets(
    codes: np.ndarray,
    scores: np.ndarray,
    criterion: Criterion,
    classes: np.ndarray,
    weight: np.ndarray | None = None,
) -> OffsetChoice:
    """Search the offset of each class in turn, until none improves the value.

    The search begins once without offsets, and once with those that undo the shares of
    the classes; the better end is taken. So it is never worse than the largest score.

    Parameters
    ----------
    codes, scores, criterion, classes, weight : object
        See `Sweeper`.
    """
    if weight is not None:
        counts = weight > 0
        codes, scores, weight = codes[counts], scores[counts], weight[counts]
    sweeper = Sweeper(codes, scores, criterion, classes, weight)
    criterion.check(len(classes), float(sweeper.true.sum()))
    plain = np.zeros(len(classes))
    start = sweeper.value(plain)
    best, offsets = _climb(sweeper, plain, start)
    balanced = np.log(sweeper.true.sum() / sweeper.true)
    other, found = _climb(sweeper, balanced, sweeper.value(balanced))
    if other > best + GAIN:
        best, offsets = other, found
    return OffsetChoice(offsets - offsets[0], best, start)


def _climb(
    sweeper: Sweeper, offsets: np.ndarray, value: float
) -> tuple[float, np.ndarray]:
    """Improve one offset after the other."""
    offsets = offsets.copy()
    for _ in range(MOST_ROUNDS):
        before = value
        for k in range(len(offsets)):
            candidates, values = sweeper.sweep(k, offsets)
            best = values.max()
            if not best > value + GAIN:
                continue
            # Of equal ones the nearest: what does not help does not move.
            tied = candidates[values >= best - GAIN]
            new = offsets.copy()
            new[k] = tied[np.abs(tied - offsets[k]).argmin()]
            reached = sweeper.value(new)
            if reached > value + GAIN:  # neighbouring floats may round to a tie
                offsets, value = new, reached
        if not value > before + GAIN:
            break
    return value, offsets
