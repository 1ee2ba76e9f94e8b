"""Which members of an ensemble are in training, and who leaves it when."""

import numpy as np
from torch import Tensor

# The learning rate is smallest when these parts of the epochs are over: at the ends of
# the cycles of "log_cosine" but the last. The last of them is half time.
VALLEYS = (1 / 15, 3 / 15, 7 / 15)

# With fewer epochs, the first cycle is shorter than one.
FEWEST_EPOCHS = 15

# Part of the members that goes on after half time.
GOING_ON = 1 / 3


class Roster:
    """Members in training; each leaves at the end of a cycle of the learning rate.

    A member leaves if a cycle has brought it no better epoch than those before: the
    next one is twice as long, and learns the training rows by heart. At half time the
    third of each group that is ahead goes on. Members of a group are judged by the same
    rows, so that luck with rows does not choose. Who leaves stays in the ensemble, with
    the weights of its best epoch.

    Parameters
    ----------
    groups : ndarray of shape (n_members,)
        Number of the group of each member.
    n_epochs : int
        Epochs of the whole schedule.

    Attributes
    ----------
    going : list of int
        Members in training, rising.
    n_epochs_ : ndarray of shape (n_members,)
        Epochs that each member has been trained for.

    Examples
    --------
    Four members of one group. The last has no better epoch in the second cycle, and the
    second is behind at half time:

    >>> import numpy as np
    >>> from sknn_suite.tabular._roster import Roster
    >>> roster = Roster(np.zeros(4), 30)
    >>> losses = {2: [0.9, 0.8, 0.7, 0.6], 6: [0.6, 0.7, 0.5, 0.6],
    ...           14: [0.5, 0.6, 0.4, 0.6]}
    >>> for epoch in range(1, 31):
    ...     if roster.end_epoch(epoch, np.array(losses.get(epoch, [np.inf] * 4))):
    ...         print(epoch, roster.going)
    6 [0, 1, 2]
    14 [0, 2]
    """

    def __init__(self, groups: np.ndarray, n_epochs: int) -> None:
        self.groups = groups
        self.going = list(range(len(groups)))
        self.n_epochs_ = np.zeros(len(groups), dtype=np.int64)
        self._valleys: list[int] = []
        if n_epochs >= FEWEST_EPOCHS:
            self._valleys = [round(part * n_epochs) for part in VALLEYS]
        self._then: np.ndarray | None = None

    def end_epoch(self, epoch: int, losses: np.ndarray) -> list[int] | None:
        """Count an epoch, and let members leave.

        Parameters
        ----------
        epoch : int
            The epoch, counted from 1.
        losses : ndarray of shape (n_members,)
            Smallest loss of each member so far.

        Returns
        -------
        list of int or None
            Places of who goes on among those that were in training; None if all do.
        """
        self.n_epochs_[self.going] += 1
        if epoch not in self._valleys or not np.isfinite(losses).any():
            return None
        stays = np.ones(len(losses), dtype=bool)
        if self._then is not None:
            stays &= losses < self._then
        if epoch == self._valleys[-1]:
            stays &= self._is_ahead(losses)
        self._then = losses.copy()
        before = self.going
        self.going = [m for m in before if stays[m]]
        if len(self.going) == len(before):
            return None
        return [place for place, m in enumerate(before) if stays[m]]

    def _is_ahead(self, losses: np.ndarray) -> np.ndarray:
        """Whether each member is one of those with the smallest losses of its group."""
        is_ahead = np.zeros(len(losses), dtype=bool)
        for group in np.unique(self.groups):
            own = np.flatnonzero(self.groups == group)
            n = int(np.ceil(GOING_ON * len(own)))
            is_ahead[own[np.argsort(losses[own], kind="stable")][:n]] = True
        return is_ahead

    def scores_of_all(self, raw: Tensor, best: Tensor) -> Tensor:
        """Raw scores of all members: `raw` of those in training, `best` of others."""
        if len(raw) == len(best):
            return raw
        scores = best.clone()
        scores[self.going] = raw
        return scores
