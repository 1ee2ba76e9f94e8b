"""What a loss is: rows to losses, and the link from raw scores to predictions."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

# From raw scores, targets and weights to the value and the gradient by raw scores.
WrittenOut = Callable[[Tensor, Tensor, Tensor | None], tuple[Tensor, Tensor]]

LINKS: dict[str, Callable[[Tensor], Tensor]] = {
    "identity": lambda raw: raw,
    "ascending": lambda raw: raw.sort(dim=-1).values,
    "exp": torch.exp,
    "logistic": torch.sigmoid,
    "softmax": lambda raw: torch.softmax(raw, dim=-1),
}


class Loss(nn.Module):
    """Weighted mean of a loss per row, and the link that belongs to it.

    Subclasses write `rows`, and name their link unless it is the identity. Several
    models side by side have an axis, which comes first, and each has its own loss: with
    the gradient of the sum, each learns as if it were alone.

    Shape
    -----
    raw : (..., n_samples, n_outputs), float; of several models (n_models, n_samples,
        n_outputs)
    target : (n_samples, n_outputs), float, or (n_samples,), int64 class codes; the same
        for all models, or with an axis of models in front
    weight : (n_samples,) or (n_models, n_samples), float, or None
    returns : (...), sum(weight * loss) / sum(weight); a scalar for a single model,
        (n_models,) for several
    """

    # The link: a name in LINKS; all but "ascending" are scikit-learn's.
    out_activation = "identity"

    # Whether `value_and_gradient` is written out, for several models as well.
    knows_gradient = False

    # The function that does it, if it needs nothing of this loss but the raw scores.
    written_out: WrittenOut | None = None

    # Whether it is a mean over rows, so that losses of parts of a batch add up to it.
    is_mean_of_rows = True

    # Names of parts of the loss that the history keeps beside it.
    part_names: tuple[str, ...] = ()

    # Whether it is in the units of y, which may then be far from what a network
    # reaches; the objective says so, and errors name it.
    in_units_of_y = False

    # Whether the loss changes while training goes on; `progress` then rises to 1.
    follows_progress = False
    progress = 1.0

    def rows(self, raw: Tensor, target: Tensor) -> Tensor:
        """Loss of each row, (..., n_samples); outputs of a row add up."""
        raise NotImplementedError

    def mean(self, raw: Tensor, target: Tensor) -> Tensor:
        """Mean over rows, (...); subclasses may have a shorter way."""
        return self.rows(raw, target).mean(dim=-1)

    def link(self, raw: Tensor) -> Tensor:
        """Predictions from raw scores, in the same shape."""
        return LINKS[self.out_activation](raw)

    def reported(self, loss: float, n_outputs: int) -> float:
        """Loss as scikit-learn reports it, from the loss that is optimised."""
        return loss

    def parts(self) -> dict[str, Tensor]:
        """Values of the parts in the last call, detached, by name."""
        return {}

    def value_and_gradient(
        self, raw: Tensor, target: Tensor, weight: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Value of `forward`, and the gradient of its sum over models by `raw`.

        Each model has the numbers that it has alone, bit for bit.
        """
        if self.written_out is None:
            raise NotImplementedError
        return self.written_out(raw, target, weight)

    def gradient_by_autograd(
        self, raw: Tensor, target: Tensor, weight: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Value of `forward` for a single model, and its gradient by `raw`."""
        with torch.enable_grad():
            raw = raw.detach().requires_grad_()
            value = self(raw, target, weight)
            (gradient,) = torch.autograd.grad(value, raw)
        return value.detach(), gradient

    def forward(
        self, raw: Tensor, target: Tensor, weight: Tensor | None = None
    ) -> Tensor:
        if weight is None:
            return self.mean(raw, target)
        return weighted_mean(self.rows(raw, target), weight)


def weighted_mean(losses: Tensor, weight: Tensor) -> Tensor:
    """Mean of (..., n_samples) over rows, (...)."""
    if losses.dim() == 1:
        return torch.dot(losses, weight) / weight.sum()
    return (losses * weight).sum(dim=-1) / weight.sum(dim=-1)
