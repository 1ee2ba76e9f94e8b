"""What is learnt from y: its loss, its score, and how rows weigh; for labels."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from sklearn.utils.multiclass import type_of_target, unique_labels

from sknn_suite.checks import warn_of_one_hot
from sknn_suite.data import TensorBundle
from sknn_suite.doors import check_partial_fit_first_call, to_numpy
from sknn_suite.encoding import ClassTarget
from sknn_suite.estimator._class_shares import ClassShares, settle_batch_shares
from sknn_suite.estimator._fitted import FittedNet
from sknn_suite.estimator._wanted import Wanted
from sknn_suite.losses import (
    FocalSigmoidLoss,
    FocalSoftmaxLoss,
    LogitAdjustedSigmoidLoss,
    LogitAdjustedSoftmaxLoss,
    Loss,
    SigmoidLoss,
    SoftmaxLoss,
    combine_weights,
    settle_class_weight,
)


class Objective:
    """What a supervised task learns from y.

    Parameters
    ----------
    of : Draft or estimator
        Parameters are read from it, and fitted attributes written to the draft.

    Attributes
    ----------
    target : ClassTarget, NumberTarget or None
        What this call, or the earlier call that it continues, has learnt from y.
    """

    y_is_numeric = True

    # Share of each class in a training batch; None for that of the rows as they are.
    batch_shares: tuple[float, ...] | None = None

    def __init__(self, of: Any) -> None:
        self.of = of
        net = getattr(of, "_net", None)
        self.target: Any = None if net is None else net.target

    @property
    def n_outputs(self) -> int:
        """Raw scores per row."""
        return self.target.n_outputs

    def share_aside(self, n_rows: int) -> float | None:
        """Share of the rows that is set aside for validation; None for none."""
        sets_aside = self.of.early_stopping and self.of.solver != "lbfgs"
        return self.of.validation_fraction if sets_aside else None

    def settle(
        self, y: np.ndarray, weight: np.ndarray | None, held_out: np.ndarray | None
    ) -> None:
        """Learn what only training rows may teach.

        Parameters
        ----------
        y, weight : ndarray, and ndarray or None
            The training rows, without those set aside.
        held_out : ndarray or None
            Which validation rows have a weight; None if there are none.
        """

    def true_score(self, valid: TensorBundle) -> Callable[[Any], float] | None:
        """Make minus the loss of what is predicted; None if it is that of training."""
        return None

    def look_back(
        self, scores: Callable[[], torch.Tensor], train: TensorBundle
    ) -> None:
        """Learn from the trained net's scores of its training rows.

        It is called before `finish`, and only if there are validation rows to confirm
        what is learnt.
        """

    def finish(self, scores: Callable[[], torch.Tensor], valid: TensorBundle) -> Any:
        """Make the target that predictions use, from validation rows.

        `scores` computes their raw scores, for those who need them.
        """
        return self.target

    def explain(self, net: FittedNet, train: TensorBundle) -> str:
        """Say why training has not converged, if training rows show it."""
        return ""

    def hear_classes(self, y: Any, classes: Any) -> None:
        """Take the labels that the first call of partial_fit gets."""

    def learn(self, y: np.ndarray, *, resume: bool, partial: bool) -> None:
        """Learn the target, or check it against what an earlier call has learnt."""
        raise NotImplementedError

    def check_held_out(self, y: np.ndarray) -> None:
        """Check the target of validation rows against that of the training rows."""
        self.learn(y, resume=True, partial=True)

    def weigh(self, weight: np.ndarray | None, y: np.ndarray) -> np.ndarray | None:
        """Weight of each training row in the loss."""
        return weight

    def weigh_held_out(
        self, weight: np.ndarray | None, y: np.ndarray
    ) -> np.ndarray | None:
        """Weigh the user's own validation rows as if they had been split off."""
        return weight

    def weigh_as_drawn(
        self, weight: np.ndarray | None, y: np.ndarray
    ) -> np.ndarray | None:
        """Weigh rows that are not drawn as `batch_shares` weigh training rows."""
        return weight

    def strata(self, y: np.ndarray) -> np.ndarray | None:
        """Classes whose shares the validation rows keep; None for none."""
        return None

    def loss(self, label_smoothing: float = 0.0) -> Loss:
        """Make the loss."""
        raise NotImplementedError

    def score(self) -> Callable[[torch.Tensor, TensorBundle], float]:
        """Make the usual score of validation rows."""
        raise NotImplementedError


class Classification(Objective):
    """Labels: two classes, several, or several labels per row."""

    y_is_numeric = False
    _settled_class_weight: dict | list | None
    _wanted: Wanted

    # The classes of the training rows, if anything asks for them.
    _shares: ClassShares | None = None

    def hear_classes(self, y: Any, classes: Any) -> None:
        if not check_partial_fit_first_call(self.of, classes):
            return
        y, _ = to_numpy(y)
        multilabel = type_of_target(y).startswith("multilabel")
        given = None if multilabel else classes
        self.target = ClassTarget().fit(np.asarray(y), classes=given)
        self.of.classes_ = self.target.classes_

    def learn(self, y: np.ndarray, *, resume: bool, partial: bool) -> None:
        if not resume and not partial:
            self.target = ClassTarget().fit(y)
            self.of.classes_ = self.target.classes_
            if self.target.kind_ == "multilabel":
                warn_of_one_hot(y)
        else:
            self._check_classes(y, partial=partial)
        self._wanted = Wanted.of_fit(self.of, self.target, partial=partial)
        self.batch_shares = settle_batch_shares(self.of, self.target, partial=partial)

    def check_held_out(self, y: np.ndarray) -> None:
        self._check_classes(y, partial=True)

    def _check_classes(self, y: np.ndarray, *, partial: bool) -> None:
        """Check labels against those that are known."""
        labels, classes = unique_labels(y), self.of.classes_
        if self.of.warm_start and not partial and set(labels) != set(classes):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the "
                f"previous call to fit. Previously got {classes}, `y` has {labels}"
            )
        if len(np.setdiff1d(labels, classes, assume_unique=True)):
            raise ValueError(
                "`y` has classes not in `self.classes_`. "
                f"`self.classes_` has {classes}. 'y' has {labels}."
            )

    def weigh(self, weight: np.ndarray | None, y: np.ndarray) -> np.ndarray | None:
        given = (weight, self.of.class_weight, y, self.target.classes_)
        combined = combine_weights(*given)
        self._settled_class_weight = settle_class_weight(*given)
        return combined

    def weigh_held_out(
        self, weight: np.ndarray | None, y: np.ndarray
    ) -> np.ndarray | None:
        settled = self._settled_class_weight
        return combine_weights(weight, settled, y, self.target.classes_)

    def settle(
        self, y: np.ndarray, weight: np.ndarray | None, held_out: np.ndarray | None
    ) -> None:
        had = self.target.rule is not None or self.target.shift is not None
        rule = self._wanted.rule(None if held_out is None else int(held_out.sum()))
        if self._asks_for_shares():
            self._shares = self._count_classes(y, weight)
        shift = self._wanted.shift(self._shares, self._settled_class_weight)
        if had or rule is not None or shift is not None:
            self.target = self.target.deciding(rule, shift)

    def _asks_for_shares(self) -> bool:
        of = self.of
        asks = self.batch_shares is not None or of.loss == "logit_adjusted"
        asks = asks or of.probabilities == "true_shares"
        return asks and self.target.kind_ != "multilabel"

    def _count_classes(self, y: np.ndarray, weight: np.ndarray | None) -> ClassShares:
        class_weight: Any = self._settled_class_weight
        shares = ClassShares.of_rows(
            self.target, y, weight, class_weight, self.batch_shares
        )
        if self.of.loss == "logit_adjusted":
            shares.refuse_absent(self.target.classes_, "loss='logit_adjusted'")
        return shares

    def weigh_as_drawn(
        self, weight: np.ndarray | None, y: np.ndarray
    ) -> np.ndarray | None:
        return self.weigh_codes_as_drawn(weight, self.target.codes(y))

    def weigh_codes_as_drawn(
        self, weight: np.ndarray | None, codes: np.ndarray
    ) -> np.ndarray | None:
        """Do what `weigh_as_drawn` does, for rows whose class codes are known."""
        if self._shares is None or self.batch_shares is None:
            return weight
        times = self._shares.times_drawn[codes.reshape(len(codes)).astype(int)]
        return times if weight is None else times * weight

    def true_score(self, valid: TensorBundle) -> Callable[[Any], float] | None:
        if self.target.shift is None:
            return None
        codes, weight = self._codes_and_weights(valid)
        y = self.target.inverse_transform(codes)
        weight = self._weigh_as_given(weight, self.weigh_as_drawn(None, y), y)
        return partial(
            _true_score,
            target=self.target,
            labels=valid.targets.cpu(),
            weight=None if weight is None else torch.as_tensor(weight),
        )

    def finish(
        self, scores: Callable[[], torch.Tensor], valid: TensorBundle
    ) -> ClassTarget:
        wanted = self._wanted
        if wanted.criterion is None and self.target.shift is None:
            return self.target
        raw = scores()
        codes, weight = self._codes_and_weights(valid)
        y = self.target.inverse_transform(codes)
        weight = self._weigh_as_given(weight, self.weigh_as_drawn(None, y), y)
        target = self._mended(raw, codes, weight)
        if wanted.criterion is None:
            return target
        rule = wanted.choose(target, target.shifted(raw), y, weight)
        return target.deciding(rule, target.shift)

    def look_back(
        self, scores: Callable[[], torch.Tensor], train: TensorBundle
    ) -> None:
        if self.target.shift is not None:
            codes, weight = self._codes_and_weights(train)
            y = self.target.inverse_transform(codes)
            weight = self._weigh_as_given(weight, None, y)
            self.target = self._mended(scores(), codes, weight)

    def _mended(
        self, raw: torch.Tensor, codes: np.ndarray, weight: np.ndarray | None
    ) -> ClassTarget:
        """Correct the shift to the true shares by what rows show."""
        if self.target.shift is None or self._shares is None:
            return self.target
        shares = self._shares.true
        shift = self._wanted.mended(self.target, raw, codes, weight, shares)
        return self.target.deciding(self.target.rule, shift)

    def _codes_and_weights(
        self, rows: TensorBundle
    ) -> tuple[np.ndarray, np.ndarray | None]:
        weight = None if rows.weight is None else rows.weights.cpu().numpy()
        codes = rows.targets.cpu().numpy().astype(int)
        return codes[:, 0] if self.target.kind_ == "binary" else codes, weight

    def _weigh_as_given(
        self, weight: np.ndarray | None, drawn: np.ndarray | None, y: np.ndarray
    ) -> np.ndarray | None:
        """Take the weights of classes out again: decisions are for the true shares.

        `drawn` says how often batches took the rows, if `weight` counts that too.
        """
        settled = self._settled_class_weight
        by_class = combine_weights(drawn, settled, y, self.target.classes_)
        if weight is None or by_class is None:
            return weight
        return np.divide(
            weight, by_class, out=np.zeros(len(weight)), where=by_class > 0
        )

    def strata(self, y: np.ndarray) -> np.ndarray | None:
        if self.target.kind_ == "multilabel":
            return None
        codes = self.target.codes(y)
        # With two classes scikit-learn insists on both in both parts, and so do we.
        if self.target.kind_ == "binary":
            return codes.astype(bool).astype(str)
        return codes

    def loss(self, label_smoothing: float = 0.0) -> Loss:
        if self.of.loss != "focal":
            return self.log_loss(label_smoothing)
        if label_smoothing > 0:
            raise ValueError(
                f"label_smoothing={label_smoothing} does not go with "
                "loss='focal'. Expected loss='log_loss', or no smoothing. "
                "Change one of the two."
            )
        softmax = self.target.kind_ == "multiclass"
        focal = FocalSoftmaxLoss if softmax else FocalSigmoidLoss
        return focal(self.of.focal_gamma)

    def log_loss(self, label_smoothing: float = 0.0) -> Loss:
        """Make the loss without its focus, which linear models minimise too."""
        softmax = self.target.kind_ == "multiclass"
        if self.of.loss == "logit_adjusted":
            assert self._shares is not None
            log_shares = tuple(np.log(self._shares.seen).tolist())
            if softmax:
                return LogitAdjustedSoftmaxLoss(log_shares, label_smoothing)
            return LogitAdjustedSigmoidLoss(log_shares, label_smoothing)
        return (SoftmaxLoss if softmax else SigmoidLoss)(label_smoothing)

    def score(self) -> Callable[[torch.Tensor, TensorBundle], float]:
        if self.of.loss != "logit_adjusted":
            return partial(accuracy, self.target.kind_)
        # It trains for classes of equal size, so they count equally here.
        assert self._shares is not None
        by_class = tuple((1 / self._shares.seen).tolist())
        return partial(accuracy, self.target.kind_, by_class=by_class)


def _true_score(
    net: Any,
    target: ClassTarget,
    labels: torch.Tensor,
    weight: torch.Tensor | None,
) -> float:
    """Minus the log-loss for the true shares of the classes, of a net as it is now."""
    raw = target.shifted(net.valid_raw_.cpu().double())
    loss = SoftmaxLoss() if target.kind_ == "multiclass" else SigmoidLoss()
    labels = labels if target.kind_ == "multiclass" else labels.double()
    with torch.no_grad():
        return -float(loss.eval()(raw, labels, weight).mean())


def accuracy(
    kind: str,
    raw: torch.Tensor,
    valid: TensorBundle,
    by_class: tuple[float, ...] | None = None,
) -> float:
    """Accuracy of raw scores, of whole rows for `kind` "multilabel".

    `by_class` are weights by class, which multiply those of the rows.
    """
    target = valid.targets
    if kind == "multiclass":
        right = raw.argmax(dim=1) == target
    else:
        right = ((raw > 0) == (target > 0.5)).all(dim=1)
    weights = None if valid.weight is None else valid.weights.cpu().numpy()
    if by_class is not None:
        codes = target.reshape(len(valid)).cpu().numpy().astype(int)
        times = np.array(by_class)[codes]
        weights = times if weights is None else times * weights
    return float(np.average(right.cpu().numpy(), weights=weights))
