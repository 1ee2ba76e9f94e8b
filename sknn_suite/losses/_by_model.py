"""A loss whose rows weigh differently for each of several models."""

from collections.abc import Sequence

from torch import Tensor

from sknn_suite.losses._base import Loss


class LossByModel(Loss):
    """Another loss, with a weight of each row for each model.

    With weights of zero a model leaves out rows that others learn from. A batch of
    which it leaves out all rows has the loss zero.

    Parameters
    ----------
    loss : Loss
        The loss of a row.
    chosen : sequence of int, default=None
        Models whose scores are given; None for all.

    Shape
    -----
    raw : (n_models, n_samples, n_outputs)
    weight : (n_samples, n_models), or as for other losses
    returns : (n_models,)

    Examples
    --------
    >>> import torch
    >>> from sknn_suite.losses import LossByModel, SquaredLoss
    >>> raw, weight = torch.zeros(2, 3, 1), torch.tensor([[1.0, 0], [0, 1], [0, 1]])
    >>> target = torch.tensor([[2.0], [0.0], [0.0]])
    >>> LossByModel(SquaredLoss())(raw, target, weight).tolist()
    [2.0, 0.0]
    """

    def __init__(self, loss: Loss, chosen: Sequence[int] | None = None) -> None:
        super().__init__()
        self.loss = loss
        self.out_activation = loss.out_activation
        self.chosen = None if chosen is None else list(chosen)

    def of_models(self, chosen: Sequence[int]) -> "LossByModel":
        """Return the loss of some models alone; weights are still those of all."""
        return LossByModel(self.loss, chosen).train(self.training)

    def rows(self, raw: Tensor, target: Tensor) -> Tensor:
        return self.loss.rows(raw, target)

    def mean(self, raw: Tensor, target: Tensor) -> Tensor:
        return self.loss.mean(raw, target)

    def reported(self, loss: float, n_outputs: int) -> float:
        return self.loss.reported(loss, n_outputs)

    def forward(
        self, raw: Tensor, target: Tensor, weight: Tensor | None = None
    ) -> Tensor:
        if weight is None or weight.dim() == 1:
            return self.loss(raw, target, weight)
        losses, weight = self.rows(raw, target), self._by_model(weight.t())
        return (losses * weight).sum(dim=-1) / weight.sum(dim=-1).clamp_min(1e-12)

    def _by_model(self, of_all: Tensor) -> Tensor:
        """Take what belongs to the models of this loss, (n_models, ...)."""
        return of_all if self.chosen is None else of_all[self.chosen]
