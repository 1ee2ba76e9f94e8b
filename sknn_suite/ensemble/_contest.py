"""Contest: members fitted one after the other, out of fold, until time is up."""

import warnings
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils.parallel import Parallel, delayed

from sknn_suite.device import one_thread, threads_help
from sknn_suite.ensemble._clock import Clock
from sknn_suite.ensemble._greedy import N_STEPS, GreedyWeights, choose_greedily
from sknn_suite.ensemble._recipe import Candidate
from sknn_suite.ensemble._shuffled import Judged, falls_when_shuffled
from sknn_suite.ensemble._splits import Splits
from sknn_suite.ensemble._target import Target
from sknn_suite.ensemble._verdict import Verdict
from sknn_suite.estimator import NeuralEstimator
from sknn_suite.exceptions import InterruptedWarning, SuiteError, SuiteWarning

# Of the time of a fit, what its fits take beyond `max_time` before they are known to.
SLACK = 0.15

# Rows of each fold by which the importance of columns is told.
SHUFFLED_ROWS = 300


@dataclass
class Entry:
    """A member, fitted in every fold.

    Parameters
    ----------
    candidate : Candidate
        What was fitted.
    models : list of estimator
        A model for each fold.
    parts : list of ndarray
        Scores of the rows that each fold left out.
    seconds : float
        What it took.
    """

    candidate: Candidate
    models: list[Any]
    parts: list[np.ndarray]
    seconds: float


@dataclass
class Contest:
    """What takes part, what it is judged by, and what has been fitted.

    Parameters
    ----------
    rows : dict of str to object
        Rows for the members, by what they read.
    y : ndarray of shape (n_samples,)
        Codes of classes, or numbers.
    weight : ndarray of shape (n_samples,) or None
        Weights of the rows.
    target : Labels or Numbers
        What is predicted; labels are codes.
    splits : Splits
        The folds.
    verdict : Verdict
        The score.
    clock : Clock
        The time.
    n_jobs : int or None
        Folds that are fitted at a time.
    tell : callable
        Gets a dict about what happens.
    """

    rows: dict[str, Any]
    y: np.ndarray
    weight: np.ndarray | None
    target: Target
    splits: Splits
    verdict: Verdict
    clock: Clock
    n_jobs: int | None
    tell: Callable[[dict[str, Any]], None]
    entries: list[Entry] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)
    weights: GreedyWeights | None = None
    is_interrupted: bool = False
    remarks: dict[str, None] = field(default_factory=dict)

    def run(self, candidates: list[Candidate]) -> None:
        """Fit members until there are no more, or no time; Ctrl-C ends it early.

        Raises
        ------
        KeyboardInterrupt
            If Ctrl-C comes before the first member is complete.
        SuiteError
            If no member could be fitted.
        """
        for number, candidate in enumerate(candidates):
            share = candidate.share / sum(c.share for c in candidates[number:])
            budget = self.clock.left * share
            n_rounds = -(-len(self.splits.pairs) // max(self.n_jobs or 1, 1))
            least = candidate.least * self.clock.delay
            if self.entries and budget / n_rounds < least:
                self.tell({"event": "skipped", "member": candidate.name})
                self.failures[candidate.name] = "there was no time left for it"
                continue
            try:
                entry = self._fit(candidate, budget)
            except KeyboardInterrupt:
                if not self.entries:
                    raise
                self.is_interrupted = True
                self.tell({"event": "interrupted", "member": candidate.name})
                break
            except TimeIsUp:
                self.failures[candidate.name] = "its folds take longer than the time"
                self.tell({"event": "skipped", "member": candidate.name})
                continue
            except MemoryError:
                raise
            except Exception as error:
                self.failures[candidate.name] = f"{type(error).__name__}: {error}"
                self.tell(
                    {
                        "event": "failed",
                        "member": candidate.name,
                        "reason": self.failures[candidate.name],
                    }
                )
                continue
            self.entries.append(entry)
            try:
                self._weigh()
            except KeyboardInterrupt:  # the member is complete, so it counts
                self.is_interrupted = True
                self._weigh()
                break
        if not self.entries:
            reasons = "; ".join(f"{n}: {text}" for n, text in self.failures.items())
            raise SuiteError(
                f"No model could be fitted: {reasons or 'there is none'}. Expected one "
                "at least. Mend the rows, or raise the time limit."
            )

    def _fit(self, candidate: Candidate, budget: float) -> Entry:
        """Fit a candidate in every fold.

        Raises
        ------
        TimeIsUp
            If the clock runs out before the last fold, or the first folds say that it
            will, and there are other members.
        """
        own, pairs = Clock(budget), self.splits.pairs
        width = max(self.n_jobs or 1, 1)
        # Without a limit all are used, so that a busy machine changes no bit.
        uses_threads = np.isinf(budget) or (width == 1 and threads_help())
        results: list[tuple[Any, np.ndarray]] = []
        over = SLACK * budget / len(pairs)
        while len(results) < len(pairs):
            first = len(results)
            rounds = -(-(len(pairs) - first) // width)
            left = own.left
            # A fold takes at least what earlier ones took beyond their time. They count
            # only if the last one ends, so there must be time for all that are to come.
            is_limited = bool(self.entries) and np.isfinite(left)
            needed = over
            if results:
                needed = rounds * (over + candidate.least / 2)
            if is_limited and self.clock.left <= needed:
                raise TimeIsUp
            seconds = None
            if np.isfinite(left):
                seconds = max(left / rounds - over, candidate.least / 2, 0.05)
            step = Clock(seconds)
            self.tell(
                {
                    "event": "fold",
                    "member": candidate.name,
                    "fold": first + 1,
                    "folds": len(pairs),
                    "left": self.clock.left,
                    "score": None if self.weights is None else self.score,
                }
            )
            chosen = range(first, min(first + width, len(pairs)))
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                given = candidate, seconds, uses_threads
                if width == 1:
                    found = [self._fit_fold(first, *given)]
                else:
                    found = Parallel(n_jobs=width, prefer="threads")(
                        delayed(self._fit_fold)(i, *given) for i in chosen
                    )
            self._keep_warnings(caught)
            if any(issubclass(w.category, InterruptedWarning) for w in caught):
                raise KeyboardInterrupt  # the network has kept it to itself
            if seconds is not None:
                over = max(over * 0.5, -step.left)
            results += found
        models, parts = zip(*results)
        return Entry(candidate, list(models), list(parts), own.spent)

    def _keep_warnings(self, caught: list[Any]) -> None:
        """Keep what networks say of the rows, once; folds all say the same."""
        for one in caught:
            is_ours = issubclass(one.category, SuiteWarning)
            if is_ours and not issubclass(one.category, InterruptedWarning):
                self.remarks[str(one.message)] = None

    def _fit_fold(
        self,
        number: int,
        candidate: Candidate,
        seconds: float | None,
        uses_threads: bool,
    ) -> tuple[Any, np.ndarray]:
        train, test = self.splits.pairs[number]
        rows = self.rows[candidate.reads]
        model = clone(candidate.estimator).set_params(max_time=seconds)
        given = {}
        if self.weight is not None:
            given["sample_weight"] = self.weight[train]
        with nullcontext() if uses_threads else one_thread():
            model.fit(choose(rows, train), self.y[train], **given)
            show_columns(model, rows)
            scores = self.target.scores(model, choose(rows, test))
        if not np.isfinite(scores).all():
            raise SuiteError("its predictions are NaN or infinite")
        return model, scores

    # -- judge -----------------------------------------------------------------------

    @property
    def layers(self) -> np.ndarray:
        """Scores of the members for the rows that were left out, without gaps."""
        return np.stack(
            [self._flat(entry.parts)[self.splits.predicted] for entry in self.entries]
        )

    def _flat(self, parts: list[np.ndarray]) -> np.ndarray:
        total = np.zeros((self.splits.n_rows, parts[0].shape[1]))
        for (_, test), part in zip(self.splits.pairs, parts):
            total[test] += part
        return total / np.maximum(self.splits.counts, 1)[:, None]

    def _weigh(self) -> None:
        rows = self.splits.predicted
        weight = None if self.weight is None else self.weight[rows]
        judge = self.verdict.scoring.judge(self.y[rows], weight)
        names = [entry.candidate.name for entry in self.entries]
        compact = np.stack([self.target.compact(part) for part in self.layers])
        self.weights = choose_greedily(names, compact, judge, N_STEPS)
        entry = self.entries[-1]
        self.tell(
            {
                "event": "member",
                "member": entry.candidate.name,
                "score": self.score_of(entry.parts),
                "stack": self.score,
                "scoring": self.verdict.name,
                "seconds": entry.seconds,
                "left": self.clock.left,
            }
        )

    @property
    def stacked(self) -> list[np.ndarray]:
        """Scores of the weighted mean, for the rows that each fold left out."""
        assert self.weights is not None
        found = []
        for number in range(len(self.splits.pairs)):
            parts = np.stack([entry.parts[number] for entry in self.entries])
            found.append(np.tensordot(self.weights.weights, parts, axes=1))
        return found

    @property
    def score(self) -> float:
        """Score of the weighted mean, over all rows that were left out."""
        return self.score_of(self.stacked)

    def score_of(self, parts: list[np.ndarray]) -> float:
        """Score over all rows that were left out."""
        rows = self.splits.predicted
        weight = None if self.weight is None else self.weight[rows]
        scores = self._flat(parts)[rows]
        rule = self.verdict.rule(self.target, self.y[rows], scores, weight)
        return self.verdict.value(self.target, self.y[rows], scores, weight, rule)

    def importances(self, seconds: float) -> dict[str, float]:
        """Tell how much worse the best table member gets if a column is shuffled.

        Parameters
        ----------
        seconds : float
            Time limit; columns that it does not reach are left out.
        """
        assert self.weights is not None
        shares = self.weights.weights
        places = [
            (share, i)
            for i, share in enumerate(shares)
            if self.entries[i].candidate.reads == "table" and share > 0
        ]
        if not places:
            return {}
        entry = self.entries[max(places)[1]]
        clock = Clock(seconds)
        source = np.random.RandomState(0)
        table, folds = self.rows["table"], []
        for model, part, (_, test) in zip(entry.models, entry.parts, self.splits.pairs):
            kept = np.sort(source.permutation(len(test))[:SHUFFLED_ROWS])
            if len(np.unique(self.y[test[kept]])) < 2:
                continue
            judge = self.verdict.scoring.judge(self.y[test[kept]])
            plain = judge(self.target.compact(part[kept]))
            rows = table[test[kept]]
            folds.append(Judged(model, rows, self._compact_scores, judge, plain))
        return falls_when_shuffled(folds, clock)

    def _compact_scores(self, model: Any, rows: Any) -> np.ndarray:
        return self.target.compact(self.target.scores(model, rows))

    def fold_scores(self, parts: list[np.ndarray]) -> list[float]:
        """Score in each fold; a threshold is chosen once, for all."""
        rows = self.splits.predicted
        weight = self.weight
        scores = self._flat(parts)[rows]
        own = None if weight is None else weight[rows]
        rule = self.verdict.rule(self.target, self.y[rows], scores, own)
        return [
            self.verdict.value(
                self.target,
                self.y[test],
                part,
                None if weight is None else weight[test],
                rule,
            )
            for (_, test), part in zip(self.splits.pairs, parts)
        ]


class TimeIsUp(Exception):
    """The clock ran out within a member."""


def choose(rows: Any, places: np.ndarray) -> Any:
    """Choose rows of a table, or of a list."""
    if isinstance(rows, list):
        return [rows[i] for i in places]
    return rows[places]


def show_columns(model: Any, rows: Any) -> None:
    """Tell a network how its table's columns are called, as a data frame would."""
    if isinstance(model, NeuralEstimator) and hasattr(rows, "columns"):
        model.n_features_in_ = len(rows.columns)
        names = [column.name for column in rows.columns]
        model.feature_names_in_ = np.array(names, dtype=object)
