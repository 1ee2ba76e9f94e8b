"""How good members are on the rows that they have not learnt from."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from sklearn import config_context
from sklearn.metrics import check_scoring
from torch import Tensor

from sknn_suite.checks import check_score, find_scorer
from sknn_suite.data import TensorBundle
from sknn_suite.estimator import FittedNet, Rows
from sknn_suite.losses import Loss
from sknn_suite.modules import mean_of_models


class KnownScores(FittedNet):
    """A net whose raw scores are known; X is not read."""

    known: Tensor

    def raw_scores(self, X: Any, device: str = "auto", adapt: Any = None) -> Tensor:
        return self.known


class Judge:
    """Losses of members, and of their mean, on rows that they have not learnt from.

    Smaller is better. With a scorer, it is minus the score.

    Parameters
    ----------
    loss : Loss
        The loss.
    valid : TensorBundle
        Validation rows, without a selection. A weight of shape (n_rows, n_members) says
        which rows each member has left out.
    scoring : str or callable, default="loss"
        "loss", or a scorer of scikit-learn.
    rows : Rows, default=None
        The validation rows as scorers get them.
    snapshot : callable, default=None
        Makes an estimator from a fitted net, for scorers.
    """

    def __init__(
        self,
        loss: Loss,
        valid: TensorBundle,
        scoring: Any = "loss",
        rows: Rows | None = None,
        snapshot: Callable[[Tensor], Any] | None = None,
    ) -> None:
        self.loss = loss.eval()
        self.valid = valid
        self.scoring = "loss" if scoring is None else scoring
        self.rows = rows
        self.snapshot = snapshot

    @property
    def is_folded(self) -> bool:
        """Whether members have left out different rows."""
        return self.valid.weight is not None and self.valid.weight.dim() == 2

    @property
    def n_rows(self) -> np.ndarray | float:
        """Number of rows that each member is judged by."""
        if self.is_folded:
            return (self.valid.weights > 0).sum(dim=0).cpu().numpy()
        return float(len(self.valid))

    def of_members(self, raw: Tensor) -> np.ndarray:
        """Loss of each member, from the scores of all rows; NaN if it has no rows."""
        raw = raw.to(self.valid.device)
        if self.scoring == "loss":
            target, weight = self.valid.targets, None
            if self.valid.weight is not None:
                weight = self.valid.weights
            with torch.no_grad():
                losses = self.loss(raw, target, weight).cpu().double().numpy()
            losses = np.atleast_1d(losses)
        else:
            held_out = [self._of_member(m) for m in range(len(raw))]
            losses = np.array(
                [self._by_scorer(own[rows], rows) for own, rows in zip(raw, held_out)]
            )
        return np.where(np.asarray(self.n_rows) > 0, losses, np.nan)

    def of_mean(self, raw: Tensor, share: np.ndarray) -> float:
        """Loss of the weighted mean of members, each where it has left out the row."""
        scores, rows = self.mean(raw, share)
        if self.scoring == "loss":
            return self.of_scores(scores, rows)
        return self._by_scorer(scores, rows)

    def of_scores(self, scores: Tensor, rows: Tensor) -> float:
        """Loss of raw scores of some rows."""
        weight = self.valid.weight
        if weight is not None:
            weight = self.valid.weights
            weight = (weight.amax(dim=1) if self.is_folded else weight)[rows]
        with torch.no_grad():
            return float(self.loss(scores, self.valid.targets[rows], weight))

    def mean(self, raw: Tensor, share: np.ndarray) -> tuple[Tensor, Tensor]:
        """Raw scores of the weighted mean, and the numbers of their rows.

        Rows that no chosen member has left out have no score.
        """
        raw = raw.to(self.valid.device)
        weight = torch.as_tensor(share, dtype=raw.dtype, device=raw.device)
        if not self.is_folded:
            rows = torch.arange(raw.shape[1], device=raw.device)
            return mean_of_models(raw, weight, self.loss.out_activation), rows
        own = weight[:, None] * (self.valid.weights.t() > 0)
        rows = torch.nonzero(own.sum(dim=0) > 0)[:, 0]
        own = own[:, rows] / own[:, rows].sum(dim=0)
        return mean_of_models(raw[:, rows], own, self.loss.out_activation), rows

    def take(self, rows: Tensor) -> TensorBundle:
        """Rows with one weight each, to judge a mean by."""
        chosen = self.valid.take(rows)
        if not self.is_folded:
            return chosen
        return replace(chosen, weight=chosen.weights.amax(dim=1))

    def _of_member(self, m: int) -> Tensor:
        if not self.is_folded:
            return torch.arange(len(self.valid))
        return torch.nonzero(self.valid.weights[:, m] > 0)[:, 0].cpu()

    def _by_scorer(self, scores: Tensor, rows: Tensor) -> float:
        """Minus the score of known raw scores by the user's scorer."""
        assert self.rows is not None
        assert self.snapshot is not None
        if not len(rows) or not scores.isfinite().all():
            return np.nan
        model, chosen = self.snapshot(scores), self.rows.take(rows.cpu().numpy())
        weights = {} if chosen.weight is None else {"sample_weight": chosen.weight}
        with config_context(array_api_dispatch=False, enable_metadata_routing=False):
            told = f"early_stopping_scoring={self.scoring!r}"
            scorer = check_scoring(model, find_scorer(self.scoring, told))
            score = scorer(model, chosen.X, chosen.y, **weights)
        return -check_score(score, self.scoring)
