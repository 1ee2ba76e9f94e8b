"""Loss of a network whose branches answer one by one while it is trained."""

import torch
from torch import Tensor

from sknn_suite.losses._base import Loss


class BranchLoss(Loss):
    """Mean of the losses of all branches, each held to the target by itself.

    In training a network of several branches gives their scores below one another;
    no branch can then rest on the errors that another has left. Otherwise the scores
    are those of the whole network, one row each.

    Parameters
    ----------
    loss : Loss
        The loss of one branch.

    Examples
    --------
    >>> import torch
    >>> from sknn_suite.losses import BranchLoss, SoftmaxLoss
    >>> raw, target = torch.zeros(2, 4), torch.tensor([1])
    >>> round(BranchLoss(SoftmaxLoss())(raw, target).item(), 4)
    1.3863
    """

    def __init__(self, loss: Loss) -> None:
        super().__init__()
        self.loss = loss
        self.out_activation = loss.out_activation

    def rows(self, raw: Tensor, target: Tensor) -> Tensor:
        n_branches = len(raw) // len(target)
        if n_branches == 1:
            return self.loss.rows(raw, target)
        parts = [self.loss.rows(part, target) for part in raw.chunk(n_branches)]
        return torch.stack(parts).mean(dim=0)

    def reported(self, loss: float, n_outputs: int) -> float:
        return self.loss.reported(loss, n_outputs)
