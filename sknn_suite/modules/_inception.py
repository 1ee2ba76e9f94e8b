"""GoogLeNet, with the parameter names of torchvision's."""

import torch
from torch import Tensor, nn

from sknn_suite.modules._dropout import Dropout
from sknn_suite.modules._image_pooling import mean_of_pixels
from sknn_suite.modules._norm import BatchNorm2d

# Channels of the branches of each block: 1x1; 3x3 with its reduction; the second 3x3
# with its reduction; the projection after the pooling.
BLOCKS = {
    "3a": (192, 64, 96, 128, 16, 32, 32),
    "3b": (256, 128, 128, 192, 32, 96, 64),
    "4a": (480, 192, 96, 208, 16, 48, 64),
    "4b": (512, 160, 112, 224, 24, 64, 64),
    "4c": (512, 128, 128, 256, 24, 64, 64),
    "4d": (512, 112, 144, 288, 32, 64, 64),
    "4e": (528, 256, 160, 320, 32, 128, 128),
    "5a": (832, 256, 160, 320, 32, 128, 128),
    "5b": (832, 384, 192, 384, 48, 128, 128),
}


class NormedConvolution(nn.Module):
    """Convolution, batch norm and relu.

    Parameters
    ----------
    n_inputs, n_outputs : int
        Channels.
    size : int
        Side of the kernel; the image is padded by half of it.
    stride : int, default=1
        Of the convolution.

    Shape
    -----
    x : (n, n_inputs, h, w)
    returns : (n, n_outputs, ceil(h / stride), ceil(w / stride))
    """

    def __init__(
        self, n_inputs: int, n_outputs: int, size: int, stride: int = 1
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            n_inputs, n_outputs, size, stride, padding=size // 2, bias=False
        )
        self.bn = BatchNorm2d(n_outputs, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        return self.bn(self.conv(x)).relu_()


class InceptionBlock(nn.Module):
    """Four branches side by side, their channels one after the other.

    Parameters
    ----------
    n_inputs : int
        Channels before.
    one, reduce_a, a, reduce_b, b, pooled : int
        Channels of the branches.

    Shape
    -----
    x : (n, n_inputs, h, w)
    returns : (n, one + a + b + pooled, h, w)
    """

    def __init__(
        self,
        n_inputs: int,
        one: int,
        reduce_a: int,
        a: int,
        reduce_b: int,
        b: int,
        pooled: int,
    ) -> None:
        super().__init__()
        self.branch1 = NormedConvolution(n_inputs, one, 1)
        self.branch2 = nn.Sequential(
            NormedConvolution(n_inputs, reduce_a, 1), NormedConvolution(reduce_a, a, 3)
        )
        # Differs from the paper: 3x3 in place of 5x5, as in torchvision's checkpoint.
        self.branch3 = nn.Sequential(
            NormedConvolution(n_inputs, reduce_b, 1), NormedConvolution(reduce_b, b, 3)
        )
        self.branch4 = nn.Sequential(
            nn.MaxPool2d(3, stride=1, padding=1, ceil_mode=True),
            NormedConvolution(n_inputs, pooled, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        branches = (self.branch1, self.branch2, self.branch3, self.branch4)
        return torch.cat([branch(x) for branch in branches], dim=1)


class GoogLeNet(nn.Module):
    """Nine inception blocks, without the auxiliary classifiers.

    Parameters
    ----------
    n_channels, n_outputs : int
        Channels of the images, and raw scores.
    dropout : float, default=0.2
        Before the last layer.

    Shape
    -----
    x : (n, n_channels, h, w), at least 17 x 17
    returns : (n, n_outputs)

    References
    ----------
    Szegedy et al., "Going Deeper with Convolutions", CVPR 2015.
    """

    def __init__(self, n_channels: int, n_outputs: int, dropout: float = 0.2) -> None:
        super().__init__()
        self.conv1 = NormedConvolution(n_channels, 64, 7, stride=2)
        self.maxpool1 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.conv2 = NormedConvolution(64, 64, 1)
        self.conv3 = NormedConvolution(64, 192, 3)
        self.maxpool2 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        for name, channels in BLOCKS.items():
            setattr(self, f"inception{name}", InceptionBlock(*channels))
        self.maxpool3 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.maxpool4 = nn.MaxPool2d(2, stride=2, ceil_mode=True)
        self.dropout = Dropout(dropout)
        self.fc = nn.Linear(1024, n_outputs)

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool1(self.conv1(x))
        x = self.maxpool2(self.conv3(self.conv2(x)))
        for name in BLOCKS:
            x = getattr(self, f"inception{name}")(x)
            if name == "3b":
                x = self.maxpool3(x)
            elif name == "4e":
                x = self.maxpool4(x)
        return self.fc(self.dropout(mean_of_pixels(x)))
