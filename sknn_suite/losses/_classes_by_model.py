"""A loss whose classes weigh differently for each of several models."""

from collections.abc import Sequence

from torch import Tensor

from sknn_suite.losses._base import Loss
from sknn_suite.losses._by_model import LossByModel


class ClassesByModel(LossByModel):
    """Another loss, whose classes weigh differently for each model while it trains.

    Training adds the logarithms of the weights to the raw scores, so that the weights
    do not reach the scores themselves: those of all models are for the classes as they
    are, by Bayes' rule, and can be compared and averaged. Outside of training it is the
    loss without weights of classes.

    Parameters
    ----------
    loss : Loss
        The loss of a row: of two classes, or of several.
    weights : tuple of tuple of float
        Weight of each class for each model, > 0.
    chosen : sequence of int, default=None
        Models whose scores are given; None for all.

    Shape
    -----
    raw : (n_models, n_samples, n_outputs)
    target : (n_samples, 1), or (n_samples,) for several classes
    returns : (n_models,)

    Examples
    --------
    >>> import torch
    >>> from sknn_suite.losses import ClassesByModel, SigmoidLoss
    >>> loss = ClassesByModel(SigmoidLoss(), ((1.0, 1.0), (1.0, 3.0)))
    >>> raw, target = torch.zeros(2, 4, 1), torch.tensor([[0.0], [0.0], [0.0], [1.0]])
    >>> [round(x, 4) for x in loss.train()(raw, target).tolist()]
    [0.6931, 0.837]
    >>> [round(x, 4) for x in loss.eval()(raw, target).tolist()]
    [0.6931, 0.6931]
    """

    def __init__(
        self,
        loss: Loss,
        weights: tuple[tuple[float, ...], ...],
        chosen: Sequence[int] | None = None,
    ) -> None:
        super().__init__(loss, chosen)
        self.weights = weights

    def of_models(self, chosen: Sequence[int]) -> "ClassesByModel":
        fewer = ClassesByModel(self.loss, self.weights, chosen)
        return fewer.train(self.training)

    def forward(
        self, raw: Tensor, target: Tensor, weight: Tensor | None = None
    ) -> Tensor:
        if not self.training:
            return super().forward(raw, target, weight)
        by_class = self._by_model(raw.new_tensor(self.weights))  # (n_models, n_classes)
        added = by_class.log()
        if raw.shape[-1] == 1:
            added = added[:, 1:] - added[:, :1]
        of_rows = by_class[:, target.reshape(raw.shape[-2]).long()]
        if weight is not None:
            is_own = weight.dim() == 2
            of_rows = of_rows * (self._by_model(weight.t()) if is_own else weight)
        losses = self.rows(raw + added.unsqueeze(1), target)
        return (losses * of_rows).sum(dim=-1) / of_rows.sum(dim=-1).clamp_min(1e-12)
