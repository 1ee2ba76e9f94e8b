"""What is learnt from y: labels or numbers, their loss, and their score."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from sklearn.metrics import r2_score
from sklearn.utils.multiclass import type_of_target, unique_labels

from sknn_suite.checks import check_counts
from sknn_suite.data import TensorBundle
from sknn_suite.doors import check_partial_fit_first_call, to_numpy
from sknn_suite.encoding import ClassTarget, NumberTarget
from sknn_suite.exceptions import DataError
from sknn_suite.losses import (
    LINKS,
    AbsoluteLoss,
    FocalSigmoidLoss,
    FocalSoftmaxLoss,
    HuberLoss,
    Loss,
    PoissonLoss,
    QuantileLoss,
    SigmoidLoss,
    SoftmaxLoss,
    SquaredLoss,
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

    def __init__(self, of: Any) -> None:
        self.of = of
        net = getattr(of, "_net", None)
        self.target: Any = None if net is None else net.target

    @property
    def n_outputs(self) -> int:
        """Raw scores per row."""
        return self.target.n_outputs

    def hear_classes(self, y: Any, classes: Any) -> None:
        """Take the labels that the first call of partial_fit gets."""

    def learn(self, y: np.ndarray, *, resume: bool, partial: bool) -> None:
        """Learn the target, or check it against what an earlier call has learnt."""
        raise NotImplementedError

    def weigh(self, weight: np.ndarray | None, y: np.ndarray) -> np.ndarray | None:
        """Weight of each training row in the loss."""
        return weight

    def weigh_held_out(
        self, weight: np.ndarray | None, y: np.ndarray
    ) -> np.ndarray | None:
        """Weigh the user's own validation rows as if they had been split off."""
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
            return
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

    def strata(self, y: np.ndarray) -> np.ndarray | None:
        if self.target.kind_ == "multilabel":
            return None
        codes = self.target.codes(y)
        # With two classes scikit-learn insists on both in both parts, and so do we.
        if self.target.kind_ == "binary":
            return codes.astype(bool).astype(str)
        return codes

    def loss(self, label_smoothing: float = 0.0) -> Loss:
        softmax = self.target.kind_ == "multiclass"
        if self.of.loss != "focal":
            log_loss = SoftmaxLoss if softmax else SigmoidLoss
            return log_loss(label_smoothing)
        if label_smoothing > 0:
            raise ValueError(
                f"label_smoothing={label_smoothing} does not go with "
                "loss='focal'. Expected loss='log_loss', or no smoothing. "
                "Change one of the two."
            )
        focal = FocalSoftmaxLoss if softmax else FocalSigmoidLoss
        return focal(self.of.focal_gamma)

    def score(self) -> Callable[[torch.Tensor, TensorBundle], float]:
        return partial(accuracy, self.target.kind_)


class Regression(Objective):
    """One or several numbers per row."""

    def learn(self, y: np.ndarray, *, resume: bool, partial: bool) -> None:
        if self.of.loss == "poisson":
            check_counts(y, self.of.loss)
        target = NumberTarget().fit(y)
        if resume and target.n_outputs != self.n_outputs:
            raise DataError(
                f"y has {target.n_outputs} columns, but {type(self.of).__name__} was "
                f"fitted with {self.n_outputs}. Expected the same number. "
                "Start anew with warm_start=False, or pass the same targets."
            )
        self.target = target

    def loss(self, label_smoothing: float = 0.0) -> Loss:
        kinds: dict[str, Callable[[], Loss]] = {
            "squared_error": SquaredLoss,
            "absolute_error": AbsoluteLoss,
            "poisson": PoissonLoss,
            "huber": partial(HuberLoss, self.of.huber_delta),
            "quantile": partial(QuantileLoss, self.of.quantile),
        }
        return kinds[self.of.loss]()

    def score(self) -> Callable[[torch.Tensor, TensorBundle], float]:
        return partial(r2, self.loss().out_activation)


def accuracy(kind: str, raw: torch.Tensor, valid: TensorBundle) -> float:
    """Accuracy of raw scores, of whole rows for `kind` "multilabel"."""
    target = valid.targets
    if kind == "multiclass":
        right = raw.argmax(dim=1) == target
    else:
        right = ((raw > 0) == (target > 0.5)).all(dim=1)
    weights = None if valid.weight is None else valid.weights.cpu().numpy()
    return float(np.average(right.cpu().numpy(), weights=weights))


def r2(link: str, raw: torch.Tensor, valid: TensorBundle) -> float:
    """R2 of predictions, the mean over outputs."""
    weight = None if valid.weight is None else valid.weights.cpu()
    predicted = LINKS[link](raw).cpu()
    if not predicted.isfinite().all():
        return math.nan
    with np.errstate(over="ignore"):  # the squared error of a diverged fit
        score = r2_score(valid.targets.cpu(), predicted, sample_weight=weight)
    return float(score)
