"""An estimator in the middle of training, as scorers and callbacks see it."""

import copy
import math
from typing import Any

from sklearn import config_context
from sklearn.metrics import check_scoring

from sknn_suite.checks import check_score
from sknn_suite.estimator._prediction import LiveModule
from sknn_suite.estimator._rows import Run
from sknn_suite.training import SklearnBridge, TensorNet, weights_of


class Snapshot:
    """Mixin of estimators that can be scored while they train.

    Whoever mixes it in has ``_keep_weights``, ``_validation_score`` and scikit-learn's
    CallbackSupportMixin.
    """

    def _score_validation(self: Any, net: TensorNet, run: Run) -> float:
        """Score of the validation rows, by `early_stopping_scoring`."""
        scoring = self.early_stopping_scoring
        if scoring != "loss" and not net.valid_raw_.isfinite().all():
            return math.nan  # as in scikit-learn; scorers would raise
        if scoring is None:
            return self._validation_score(net.valid_raw_, run.valid)
        if scoring == "loss":
            return -net.history[-1]["valid_loss"]
        model = copy.copy(self)
        model.__dict__.update(self._as_of_now(net))
        model.__dict__.pop("feature_names_in_", None)  # the rows are an array by now
        weights = {}
        if run.held_out.weight is not None:
            weights["sample_weight"] = run.held_out.weight
        with config_context(array_api_dispatch=False, enable_metadata_routing=False):
            scorer = check_scoring(model, scoring)
            score = scorer(model, run.held_out.X, run.held_out.y, **weights)
        return check_score(score, scoring)

    def _make_bridge(self: Any, run: Run) -> SklearnBridge | None:
        """Open the context of scikit-learn's callbacks, if there are any."""
        if not hasattr(self, "_skl_callbacks"):
            return None
        weight = run.given[2]
        metadata = None if weight is None else {"sample_weight": weight}
        return SklearnBridge(
            self._init_callback_context(max_subtasks=run.n_epochs),
            self,
            self._as_of_now,
            {"X": run.given[0], "y": run.given[1], "metadata": metadata},
        )

    def _as_of_now(self: Any, net: TensorNet) -> dict:
        """Fitted attributes that make a copy of the estimator predict with `net`."""
        now = copy.copy(self)
        with net.averaged_weights():
            now._keep_weights(weights_of(net.module_, copy=True))
        now._live = LiveModule()
        now.n_iter_ = len(net.history)
        now.loss_ = net.history[-1]["train_loss"]
        return now.__dict__
