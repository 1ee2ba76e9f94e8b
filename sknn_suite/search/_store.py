"""Store: trainings that have ended, and from which others go on."""

import pickle
import threading
from collections import OrderedDict
from dataclasses import dataclass, replace

from sknn_suite.search._folder import Folder
from sknn_suite.search._identity import RowDigests, can_go_on, identify
from sknn_suite.training import FitPlan, Job, Trained

# Memory that the store may take. A network of 100 units for 30 columns takes 0.2 MB.
STORE_BYTES = 1 << 28


@dataclass(frozen=True)
class Known:
    """What is known of a job.

    Parameters
    ----------
    key : str or None
        See `identify`.
    plan : FitPlan
        What is left to train; it goes on where an earlier job ended.
    trained : Trained or None
        The result, if nothing is left.
    n_before : int
        Epochs of the earlier job.
    """

    key: str | None
    plan: FitPlan
    trained: Trained | None = None
    n_before: int = 0


class Store:
    """Results by what their training is, in bounded memory, and in a folder if wanted.

    Of trainings that differ only in their number of epochs, a longer one goes on from
    the longest that is shorter, with the very bits of one that starts anew. A training
    that has converged is the result for every larger number of epochs.

    Parameters
    ----------
    folder : Folder or None, default=None
        Where results are kept beyond the life of this process.
    n_bytes : float, default=STORE_BYTES
        Memory to take at most; what has not been used for longest goes first.
    keeps : bool, default=True
        Whether anything is kept.
    """

    def __init__(
        self,
        folder: Folder | None = None,
        n_bytes: float = STORE_BYTES,
        *,
        keeps: bool = True,
    ) -> None:
        self.folder = folder
        self.keeps = keeps
        self.n_bytes = n_bytes
        # Pickled: the estimator's own may be changed by its user, and a pickle takes a
        # third of the time of a deep copy.
        self._kept: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._taken = 0
        self._lock = threading.Lock()

    def look_up(self, job: Job, digest_rows: RowDigests | None = None) -> Known:
        """Find the result of a job, or where it can go on; see `identify`."""
        plan = job.plan
        key = identify(job, digest_rows) if self.keeps else None
        if key is None:
            return Known(None, plan)
        plan = plan.change(pauses=can_go_on(plan))
        for n_epochs in self._lengths(key, plan):
            earlier = self._get(key, n_epochs, plan)
            if earlier is None:
                continue
            if n_epochs == plan.n_epochs or earlier.stop_reason is not None:
                return Known(key, plan, earlier)
            if plan.pauses and earlier.paused is not None:
                start = replace(plan.start, state=earlier.paused)
                n_before = len(earlier.history)
                return Known(key, plan.change(start=start), n_before=n_before)
        return Known(key, plan)

    def keep(self, known: Known, trained: Trained) -> None:
        """Keep a result."""
        key, n_epochs = known.key, known.plan.n_epochs
        if key is None or trained.interrupted:
            return
        self._put(key, n_epochs, trained)
        if self.folder is not None:
            self.folder.write(key, n_epochs, trained)

    def _lengths(self, key: str, plan: FitPlan) -> list[int]:
        """Numbers of epochs that are known and not too large, the largest first."""
        with self._lock:
            found = {n for other, n in self._kept if other == key}
        if self.folder is not None:
            found |= self.folder.lengths(key)
        return sorted((n for n in found if n <= plan.n_epochs), reverse=True)

    def _get(self, key: str, n_epochs: int, plan: FitPlan) -> Trained | None:
        with self._lock:
            pickled = self._kept.get((key, n_epochs))
            if pickled is not None:
                self._kept.move_to_end((key, n_epochs))
        if pickled is not None:
            return pickle.loads(pickled)
        if self.folder is None:
            return None
        trained = self.folder.read(key, n_epochs, plan)
        if trained is not None:
            self._put(key, n_epochs, trained)
        return trained

    def _put(self, key: str, n_epochs: int, trained: Trained) -> None:
        with self._lock:
            if (key, n_epochs) in self._kept:
                return
            pickled = pickle.dumps(trained, protocol=pickle.HIGHEST_PROTOCOL)
            self._kept[key, n_epochs] = pickled
            self._taken += len(pickled)
            while self._taken > self.n_bytes:
                _, oldest = self._kept.popitem(last=False)
                self._taken -= len(oldest)
