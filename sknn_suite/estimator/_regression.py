"""Regression: what is learnt from numbers, their loss, and their score."""

import math
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from sklearn.metrics import mean_pinball_loss, r2_score

from sknn_suite.checks import blame_target_scale, check_counts, check_positive
from sknn_suite.data import TensorBundle
from sknn_suite.encoding import (
    NumberTarget,
    TargetScale,
    conformal_shift,
    fewest_rows,
)
from sknn_suite.estimator._fitted import FittedNet
from sknn_suite.estimator._objective import Objective
from sknn_suite.exceptions import DataError
from sknn_suite.losses import (
    LINKS,
    AbsoluteLoss,
    HuberLoss,
    Loss,
    PoissonLoss,
    QuantileLoss,
    SeveralQuantilesLoss,
    SquaredLoss,
)

# Rows that calibration sets aside: the coverage of 80 % ranges then has a standard
# deviation of sqrt(0.8 * 0.2 / 1600), or 1 %, over the choice of the rows. Small
# tables give a quarter of their rows.
CALIBRATION_ROWS, CALIBRATION_SHARE = 1600, 0.25

# Training rows that tell why training has not converged; more do not change it.
EXPLAINED_ROWS = 1000


class Regression(Objective):
    """One or several numbers per row."""

    target: NumberTarget

    @property
    def n_outputs(self) -> int:
        return self.target.n_scores

    @property
    def quantiles(self) -> tuple[float, ...] | None:
        """The quantiles, if there are several."""
        of = self.of
        if of.loss != "quantile" or np.ndim(of.quantile) == 0:
            return None
        return tuple(float(q) for q in of.quantile)

    def learn(self, y: np.ndarray, *, resume: bool, partial: bool) -> None:
        self.target = self._target_of(y, self.target if resume else None)
        self._is_first_part = partial and not resume
        self._calibrates = self.of.calibrated and not partial

    def check_held_out(self, y: np.ndarray) -> None:
        self._target_of(y, self.target)

    def _target_of(self, y: np.ndarray, earlier: NumberTarget | None) -> NumberTarget:
        """Check y, and make a target that continues an earlier one, if there is one."""
        of = self.of
        if of.loss == "poisson":
            check_counts(y, of.loss)
        if of.scale_target == "log":
            check_positive(y)
        target = NumberTarget(self.quantiles).fit(y)
        if self.quantiles is not None and target.n_outputs > 1:
            raise DataError(
                f"y has {target.n_outputs} columns, and quantile={of.quantile!r} names "
                "several quantiles. Expected one number per row. Fit one model for "
                "each column of y, or pass one quantile."
            )
        if earlier is not None and target.n_outputs != earlier.n_outputs:
            raise DataError(
                f"y has {target.n_outputs} columns, but {type(of).__name__} was "
                f"fitted with {earlier.n_outputs}. Expected the same number. "
                "Start anew with warm_start=False, or pass the same targets."
            )
        if earlier is not None:
            target.scale = earlier.scale
        return target

    def settle(
        self, y: np.ndarray, weight: np.ndarray | None, held_out: np.ndarray | None
    ) -> None:
        of = self.of
        if self._calibrates:
            self._check_calibration(0 if held_out is None else int(held_out.sum()))
        if hasattr(of, "_net"):  # the weights are for its units
            _refuse_other_scale(of.scale_target, self.target.scale)
            return
        self.target.scale = self._learn_scale(y, weight)
        if self._is_first_part and self.target.scale is not None:
            self._check_first_part(y)

    def _learn_scale(
        self, y: np.ndarray, weight: np.ndarray | None
    ) -> TargetScale | None:
        """Learn the units in which the network learns y; None for those of y."""
        wanted = self.of.scale_target
        return TargetScale.learn(wanted, y, weight) if wanted else None

    def _check_first_part(self, y: np.ndarray) -> None:
        if (y == y[0]).all(axis=0).any():
            raise DataError(
                f"scale_target={self.of.scale_target!r} learns from the {len(y)} rows "
                "of the first call of partial_fit, and in these a column of y is "
                "constant. Expected rows that show how far y varies. Pass more rows "
                "in the first call, or scale y yourself."
            )

    def share_aside(self, n_rows: int) -> float | None:
        share = super().share_aside(n_rows)
        if not self._calibrates:
            return share
        least = min(CALIBRATION_ROWS / n_rows, CALIBRATION_SHARE)
        share = max(self.of.validation_fraction, least)
        self._check_calibration(math.ceil(share * n_rows))
        return share

    def _check_calibration(self, n_rows: int) -> None:
        needed = fewest_rows(self._levels())
        if n_rows < needed:
            raise DataError(
                f"calibrated=True has {n_rows} validation rows, too few for quantile="
                f"{self.of.quantile!r}. Expected {needed} at least. Pass more rows as "
                "X and y or as X_val and y_val, raise validation_fraction, or choose "
                "quantiles nearer to 0.5."
            )

    def _levels(self) -> np.ndarray:
        """Quantile of each raw score."""
        return np.broadcast_to(
            np.asarray(self.of.quantile, dtype=np.float64), self.n_outputs
        )

    def loss(self, label_smoothing: float = 0.0) -> Loss:
        loss = self._kind_of_loss()
        loss.in_units_of_y = self.of.loss != "poisson" and self.target.scale is None
        return loss

    def _kind_of_loss(self) -> Loss:
        if self.quantiles is not None:
            return SeveralQuantilesLoss(self.quantiles)
        kinds: dict[str, Callable[[], Loss]] = {
            "squared_error": SquaredLoss,
            "absolute_error": AbsoluteLoss,
            "poisson": PoissonLoss,
            "huber": partial(HuberLoss, self.of.huber_delta),
            "quantile": partial(QuantileLoss, self.of.quantile),
        }
        return kinds[self.of.loss]()

    def score(self) -> Callable[[torch.Tensor, TensorBundle], float]:
        return partial(
            score_numbers,
            self.loss().out_activation,
            self.target.scale,
            self.quantiles,
        )

    def finish(
        self, scores: Callable[[], torch.Tensor], valid: TensorBundle
    ) -> NumberTarget:
        if not self._calibrates:
            return self.target
        predicted = self.loss().link(scores()).numpy()
        weight = None if valid.weight is None else valid.weights.cpu().numpy()
        y = valid.targets.cpu().numpy()
        return self.target.shifted(
            conformal_shift(self._levels(), predicted, y, weight)
        )

    def explain(self, net: FittedNet, train: TensorBundle) -> str:
        of = self.of
        if of.scale_target or of.loss == "poisson":
            return ""
        step = -(-len(train) // EXPLAINED_ROWS)
        train = train.select(torch.arange(0, len(train), step))
        predicted = self.loss().link(net.scores_of(train, of.device)).numpy()
        if not np.isfinite(predicted).all():
            return ""
        y, weight = _arrays(train)
        y = np.broadcast_to(y, predicted.shape)
        if of.loss == "quantile":
            # A quantile far from the mean has a low R2 in any case. One that loses
            # more than a constant has not arrived.
            name, score = "D2", pinball_d2(y, predicted, tuple(self._levels()), weight)
            if score > 0:
                return ""
        else:
            with np.errstate(over="ignore", invalid="ignore"):
                name, score = "R2", r2_score(y, predicted, sample_weight=weight)
        if blame_target_scale(y, predicted, weight, tol=of.tol) != "large":
            return ""
        return (
            f" The target's scale is the cause: y is {_size(y):.3g} in size, the "
            f"network starts near 0, and its {name} on training rows is {score:.3g}. "
            "Set scale_target=True."
        )


def _arrays(rows: TensorBundle) -> tuple[np.ndarray, np.ndarray | None]:
    """Targets and weights."""
    weight = None if rows.weight is None else rows.weights.cpu().numpy()
    return rows.targets.cpu().numpy(), weight


def _size(y: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(y, dtype=np.float64), axis=0)).max())


def _refuse_other_scale(wanted: bool | str, scale: TargetScale | None) -> None:
    """Refuse to continue a network in other units than those that it has learnt."""
    had = False if scale is None else "log" if scale.log else True
    if wanted != had:
        raise ValueError(
            f"scale_target={wanted!r}, but the network that this call continues was "
            f"fitted with scale_target={had!r}. Expected the same units. Set it back, "
            "or start anew with warm_start=False."
        )


# -- scores --------------------------------------------------------------------------


def score_numbers(
    link: str,
    scale: TargetScale | None,
    quantiles: tuple[float, ...] | None,
    raw: torch.Tensor,
    rows: TensorBundle,
) -> float:
    """Score of raw scores in the units of y: R2, the mean over outputs, or D2.

    Neither depends on a factor or a summand, so that only a logarithm is undone.
    """
    y, weight = _arrays(rows)
    predicted = LINKS[link](raw).cpu().numpy()
    if scale is not None and scale.log:
        y, predicted = scale.undo(y), scale.undo(predicted)
    if not np.isfinite(predicted).all():
        return math.nan
    if quantiles is not None:
        return pinball_d2(y, predicted, quantiles, weight)
    with np.errstate(over="ignore"):  # the squared error of a diverged fit
        score = r2_score(y, predicted, sample_weight=weight)
    return float(score)


def pinball_d2(
    y: np.ndarray,
    predicted: np.ndarray,
    quantiles: tuple[float, ...],
    weight: np.ndarray | None,
) -> float:
    """Part of the mean pinball loss that predictions save; 1 is perfect.

    Parameters
    ----------
    y : ndarray of shape (n_samples, n_columns) or (n_samples, 1)
        The true values.
    predicted : ndarray of shape (n_samples, n_columns)
        The predicted quantiles.
    quantiles : tuple of float
        Which they are.
    weight : ndarray of shape (n_samples,) or None
        Weights of the rows.

    Returns
    -------
    float
        1 - loss / loss of the quantiles of y itself; both are means over columns. It
        ranks models as the mean pinball loss does, whatever the units of y.
    """
    weight = None if weight is None else weight.astype(np.float64)
    columns = np.broadcast_to(y.astype(np.float64), predicted.shape).T
    loss = null = 0.0
    for q, true, column in zip(quantiles, columns, predicted.astype(np.float64).T):
        constant = np.quantile(true, q, method="inverted_cdf", weights=weight)
        same = np.full_like(true, constant)
        loss += mean_pinball_loss(true, column, sample_weight=weight, alpha=q)
        null += mean_pinball_loss(true, same, sample_weight=weight, alpha=q)
    if null == 0:  # as in scikit-learn's scores
        return 1.0 if loss == 0 else 0.0
    return 1 - loss / null
