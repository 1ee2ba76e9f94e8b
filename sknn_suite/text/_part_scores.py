"""Validation scores of the networks alone, and of the n-gram model alone."""

import copy
from dataclasses import replace
from typing import Any

import torch
from skorch.callbacks import Callback
from torch import Tensor

from sknn_suite.data import TensorBundle, make_batches
from sknn_suite.modules import SHARE_OF_NETWORKS, Network
from sknn_suite.training import TensorNet


@torch.no_grad()
def score_ngrams(wide: Any, valid: TensorBundle, n_rows: int) -> Tensor:
    """Raw scores of the wide branch, `n_rows` rows at a time."""
    inputs = {name: valid.inputs[name] for name in ("words", "runs")}
    batches = make_batches(TensorBundle(inputs, rows=valid.rows), n_rows)
    return torch.cat([wide(**batch.inputs) for batch in batches])


def without_ngrams(raw: Tensor, of_ngrams: Tensor) -> Tensor:
    """Raw scores of the networks alone, from those that are averaged with n-grams."""
    return (raw - (1 - SHARE_OF_NETWORKS) * of_ngrams) / SHARE_OF_NETWORKS


class PartScores(Callback):
    """Record the validation scores of both parts, each alone.

    Parameters
    ----------
    fit : Fit
        The fit under way; it has validation rows and an n-gram model.
    """

    def __init__(self, fit: Any) -> None:
        self.fit = fit

    def on_train_begin(self, net: TensorNet, **kwargs: Any) -> None:
        # The n-gram model does not change, so its scores are computed once.
        wide: Any = net.module_.wide
        self.of_ngrams_ = score_ngrams(wide, self.fit.plan.valid, net.recipe.valid_rows)
        self.ngram_score_: float | None = None

    def on_epoch_end(self, net: TensorNet, **kwargs: Any) -> None:
        if self.ngram_score_ is None:
            self.ngram_score_ = self._score(net, self.of_ngrams_, 0.0)
        raw = without_ngrams(net.valid_raw_, self.of_ngrams_)
        net.history.record("valid_score_network", self._score(net, raw, 1.0))
        net.history.record("valid_score_ngrams", self.ngram_score_)

    def _score(self, net: TensorNet, raw: Tensor, share: float) -> float:
        """Score a part by its raw scores, or as an estimator that has only it."""
        plan, scoring = self.fit.plan, self.fit.estimator.early_stopping_scoring
        valid: Any = plan.valid
        if scoring is None:
            return plan.score(raw, valid)
        if isinstance(scoring, str) and scoring == "loss":
            weight = None if valid.weight is None else valid.weights
            return -float(copy.deepcopy(plan.loss).eval()(raw, valid.targets, weight))

        def alone(net: TensorNet) -> Any:
            model = self.fit.snapshot(net)
            config = model._net.network.config | {"share": share}
            model._net = replace(model._net, network=Network("sequence", config))
            return model

        return replace(self.fit.scorer(), snapshot=alone)(net)
