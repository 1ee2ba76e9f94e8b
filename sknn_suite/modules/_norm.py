"""Batch normalisation that survives a batch of one row."""

from torch import Tensor, nn
from torch.nn import functional as F

# torch's own batch norms, and so their subclasses.
AnyBatchNorm = nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d | nn.SyncBatchNorm


class BatchNorm(nn.BatchNorm1d):
    """torch's batch normalisation; a training batch of one row uses running statistics.

    One row has no variance, and torch raises. The last batch of an epoch may well be
    one row, and dropping it would lose data.
    """

    def forward(self, x: Tensor) -> Tensor:
        if self.training and x.numel() == x.shape[1]:
            return F.batch_norm(
                x,
                self.running_mean,
                self.running_var,
                self.weight,
                self.bias,
                eps=self.eps,
            )
        return super().forward(x)


class BatchNorm2d(nn.BatchNorm2d):
    """The same for images: a single row of one pixel has no variance either."""

    def forward(self, x: Tensor) -> Tensor:
        if self.training and x.numel() == x.shape[1]:
            return F.batch_norm(
                x,
                self.running_mean,
                self.running_var,
                self.weight,
                self.bias,
                eps=self.eps,
            )
        return super().forward(x)


def let_norms_take_one_row(module: nn.Module) -> None:
    """Let torch's own batch norms in a user's module survive a batch of one row too."""
    for part in module.modules():
        if type(part) in _SURVIVING and part.track_running_stats:
            part.__class__ = _SURVIVING[type(part)]


_SURVIVING: dict[type, type] = {nn.BatchNorm1d: BatchNorm, nn.BatchNorm2d: BatchNorm2d}
