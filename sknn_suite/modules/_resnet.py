"""Residual networks for images, with the parameter names of torchvision's."""

from collections.abc import Sequence

from torch import Tensor, nn

from sknn_suite.modules._dropout import Dropout
from sknn_suite.modules._image_pooling import mean_of_pixels
from sknn_suite.modules._norm import BatchNorm2d


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut past them.

    Parameters
    ----------
    n_inputs, n_outputs : int
        Channels.
    stride : int, default=1
        Of the first convolution.

    Shape
    -----
    x : (n, n_inputs, h, w)
    returns : (n, n_outputs, ceil(h / stride), ceil(w / stride))
    """

    expansion = 1

    def __init__(self, n_inputs: int, n_outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = _convolution(n_inputs, n_outputs, 3, stride)
        self.bn1 = BatchNorm2d(n_outputs)
        self.conv2 = _convolution(n_outputs, n_outputs, 3)
        self.bn2 = BatchNorm2d(n_outputs)
        self.downsample = _shortcut(n_inputs, n_outputs, stride)

    def forward(self, x: Tensor) -> Tensor:
        past = x if self.downsample is None else self.downsample(x)
        x = self.bn1(self.conv1(x)).relu_()
        return self.bn2(self.conv2(x)).add_(past).relu_()


class Bottleneck(nn.Module):
    """A 3x3 convolution between two 1x1 ones, and a shortcut past them.

    The stride is that of the 3x3 convolution, as in torchvision.

    Parameters
    ----------
    n_inputs, n_inner : int
        Channels before, and of the 3x3 convolution; four times as many come out.
    stride : int, default=1
        Of the 3x3 convolution.

    Shape
    -----
    x : (n, n_inputs, h, w)
    returns : (n, 4 * n_inner, ceil(h / stride), ceil(w / stride))
    """

    expansion = 4

    def __init__(self, n_inputs: int, n_inner: int, stride: int = 1) -> None:
        super().__init__()
        n_outputs = self.expansion * n_inner
        self.conv1 = _convolution(n_inputs, n_inner, 1)
        self.bn1 = BatchNorm2d(n_inner)
        self.conv2 = _convolution(n_inner, n_inner, 3, stride)
        self.bn2 = BatchNorm2d(n_inner)
        self.conv3 = _convolution(n_inner, n_outputs, 1)
        self.bn3 = BatchNorm2d(n_outputs)
        self.downsample = _shortcut(n_inputs, n_outputs, stride)

    def forward(self, x: Tensor) -> Tensor:
        past = x if self.downsample is None else self.downsample(x)
        x = self.bn1(self.conv1(x)).relu_()
        x = self.bn2(self.conv2(x)).relu_()
        return self.bn3(self.conv3(x)).add_(past).relu_()


class ResNet(nn.Module):
    """Residual network; names and shapes are those of torchvision's checkpoints.

    Parameters
    ----------
    block : {BasicBlock, Bottleneck}
        What it is built of.
    n_blocks : sequence of four int
        Blocks of each stage.
    n_channels, n_outputs : int
        Channels of the images, and raw scores.
    dropout : float, default=0.0
        Before the last layer.

    Shape
    -----
    x : (n, n_channels, h, w)
    returns : (n, n_outputs)

    References
    ----------
    He et al., "Deep Residual Learning for Image Recognition", CVPR 2016.

    Examples
    --------
    >>> import torch
    >>> from sknn_suite.modules import BasicBlock, ResNet
    >>> resnet18 = ResNet(BasicBlock, (2, 2, 2, 2), n_channels=3, n_outputs=5)
    >>> resnet18.eval()(torch.zeros(1, 3, 64, 64)).shape
    torch.Size([1, 5])
    """

    def __init__(
        self,
        block: type[BasicBlock] | type[Bottleneck],
        n_blocks: Sequence[int],
        n_channels: int,
        n_outputs: int,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(n_channels, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = BatchNorm2d(64)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        n_inputs = 64
        for i, (width, n) in enumerate(zip((64, 128, 256, 512), n_blocks)):
            blocks = []
            for j in range(n):
                stride = 2 if i > 0 and j == 0 else 1
                blocks.append(block(n_inputs, width, stride))
                n_inputs = width * block.expansion
            setattr(self, f"layer{i + 1}", nn.Sequential(*blocks))
        self.dropout = Dropout(dropout)
        self.fc = nn.Linear(n_inputs, n_outputs)

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool(self.bn1(self.conv1(x)).relu_())
        for i in range(1, 5):
            x = getattr(self, f"layer{i}")(x)
        return self.fc(self.dropout(mean_of_pixels(x)))


def _convolution(
    n_inputs: int, n_outputs: int, size: int, stride: int = 1
) -> nn.Conv2d:
    return nn.Conv2d(
        n_inputs, n_outputs, size, stride=stride, padding=size // 2, bias=False
    )


def _shortcut(n_inputs: int, n_outputs: int, stride: int) -> nn.Sequential | None:
    """Fit the shortcut of a block to its outputs, where they differ from its inputs."""
    if stride == 1 and n_inputs == n_outputs:
        return None
    return nn.Sequential(
        _convolution(n_inputs, n_outputs, 1, stride), BatchNorm2d(n_outputs)
    )
