"""A network for images of 32 x 32 pixels that learns within seconds on a GPU."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from sknn_suite.modules._norm import BatchNorm2d


class AirbenchBlock(nn.Module):
    """Two convolutions, the first one pooled, each with batch norm and gelu.

    Parameters
    ----------
    n_inputs, n_outputs : int
        Channels.

    Shape
    -----
    x : (n, n_inputs, h, w)
    returns : (n, n_outputs, h // 2, w // 2)
    """

    def __init__(self, n_inputs: int, n_outputs: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(n_inputs, n_outputs, 3, padding=1, bias=False)
        self.pool = nn.MaxPool2d(2)
        self.norm1 = _norm(n_outputs)
        self.conv2 = nn.Conv2d(n_outputs, n_outputs, 3, padding=1, bias=False)
        self.norm2 = _norm(n_outputs)
        self.activation = nn.GELU()

    def forward(self, x: Tensor) -> Tensor:
        x = self.activation(self.norm1(self.pool(self.conv1(x))))
        return self.activation(self.norm2(self.conv2(x)))


class AirbenchNet(nn.Module):
    """Whitened 2x2 patches, three blocks, and scaled scores.

    The first layer is set from the patches of the training images and not trained;
    convolutions start as the identity of as many channels as they can.

    Parameters
    ----------
    n_channels, n_outputs : int
        Channels of the images, and raw scores.
    widths : sequence of three int, default=(64, 256, 256)
        Channels of the blocks.

    Shape
    -----
    x : (n, n_channels, h, w), at least 9 x 9
    returns : (n, n_outputs)

    References
    ----------
    Jordan, "94% on CIFAR-10 in 3.29 Seconds on a Single GPU", arXiv 2404.00498, 2024.
    """

    # Added to the eigenvalues of patches, so rare directions do not grow too large.
    WHITENING_EPSILON = 5e-4

    # Factor of the scores.
    SCALE = 1 / 9

    def __init__(
        self, n_channels: int, n_outputs: int, widths: Sequence[int] = (64, 256, 256)
    ) -> None:
        super().__init__()
        n_inputs = 2 * 4 * n_channels
        self.whiten = nn.Conv2d(n_channels, n_inputs, 2)
        self.whiten.weight.requires_grad_(False)
        self.activation = nn.GELU()
        blocks = []
        for width in widths:
            blocks.append(AirbenchBlock(n_inputs, width))
            n_inputs = width
        self.blocks = nn.Sequential(*blocks)
        self.fc = nn.Linear(n_inputs, n_outputs, bias=False)

    @torch.no_grad()
    def start_as_identity(self) -> None:
        """Let the convolutions pass their inputs on, before training."""
        blocks: Any = self.blocks
        for block in blocks:
            for conv in (block.conv1, block.conv2):
                nn.init.dirac_(conv.weight[: conv.in_channels])

    @torch.no_grad()
    def whiten_with(self, covariance: Tensor) -> None:
        """Set the first layer from the covariance of 2x2 patches, (4c, 4c)."""
        values, vectors = torch.linalg.eigh(covariance.double())
        scaled = vectors / torch.sqrt(values + self.WHITENING_EPSILON)
        c = self.whiten.in_channels
        kernels = scaled.flip(1).T.reshape(-1, c, 2, 2)  # largest variance first
        self.whiten.weight.copy_(torch.cat([kernels, -kernels]))
        assert self.whiten.bias is not None
        self.whiten.bias.zero_()

    def forward(self, x: Tensor) -> Tensor:
        x = self.blocks(self.activation(self.whiten(x)))
        return self.fc(torch.amax(x, (2, 3))) * self.SCALE


def _norm(n_channels: int) -> BatchNorm2d:
    norm = BatchNorm2d(n_channels, eps=1e-12, momentum=0.4)
    norm.weight.requires_grad_(False)  # the next convolution can scale as well
    return norm
