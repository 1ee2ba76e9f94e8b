"""VGG and AlexNet, with the parameter names of torchvision's."""

from torch import Tensor, nn

from sknn_suite.modules._dropout import Dropout
from sknn_suite.modules._norm import BatchNorm2d

# Channels of each convolution; M halves height and width.
VGG_LAYERS = {
    "vgg11": "64 M 128 M 256 256 M 512 512 M 512 512 M",
    "vgg13": "64 64 M 128 128 M 256 256 M 512 512 M 512 512 M",
    "vgg16": "64 64 M 128 128 M 256 256 256 M 512 512 512 M 512 512 512 M",
    "vgg19": "64 64 M 128 128 M 256 256 256 256 M 512 512 512 512 M 512 512 512 512 M",
}


class VGG(nn.Module):
    """Stacks of 3x3 convolutions; names and shapes are those of torchvision.

    Parameters
    ----------
    layers : str
        Channels of each convolution, and M for max-pooling.
    n_channels, n_outputs : int
        Channels of the images, and raw scores.
    batch_norm : bool, default=False
        Whether each convolution is batch-normalised, torchvision's ``vgg11_bn``.
    dropout : float, default=0.5
        Between the dense layers.

    Shape
    -----
    x : (n, n_channels, h, w), at least 32 x 32
    returns : (n, n_outputs)

    References
    ----------
    Simonyan & Zisserman, "Very Deep Convolutional Networks for Large-Scale Image
    Recognition", ICLR 2015.
    """

    def __init__(
        self,
        layers: str,
        n_channels: int,
        n_outputs: int,
        batch_norm: bool = False,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        features: list[nn.Module] = []
        n_inputs = n_channels
        for layer in layers.split():
            if layer == "M":
                features.append(nn.MaxPool2d(2))
                continue
            features.append(nn.Conv2d(n_inputs, int(layer), 3, padding=1))
            features += [BatchNorm2d(int(layer))] if batch_norm else []
            features.append(nn.ReLU(inplace=True))
            n_inputs = int(layer)
        self.features = nn.Sequential(*features)
        self.avgpool = nn.AdaptiveAvgPool2d(7)
        self.classifier = nn.Sequential(
            nn.Linear(512 * 7 * 7, 4096),
            nn.ReLU(inplace=True),
            Dropout(dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(inplace=True),
            Dropout(dropout),
            nn.Linear(4096, n_outputs),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


class AlexNet(nn.Module):
    """Five convolutions and three dense layers; names and shapes of torchvision.

    Parameters
    ----------
    n_channels, n_outputs : int
        Channels of the images, and raw scores.
    dropout : float, default=0.5
        Before the dense layers.

    Shape
    -----
    x : (n, n_channels, h, w), at least 63 x 63
    returns : (n, n_outputs)

    References
    ----------
    Krizhevsky, "One Weird Trick for Parallelizing Convolutional Neural Networks",
    arXiv 1404.5997, 2014.
    """

    def __init__(self, n_channels: int, n_outputs: int, dropout: float = 0.5) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(n_channels, 64, 11, stride=4, padding=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, stride=2),
            nn.Conv2d(64, 192, 5, padding=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, stride=2),
            nn.Conv2d(192, 384, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(384, 256, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(256, 256, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, stride=2),
        )
        self.avgpool = nn.AdaptiveAvgPool2d(6)
        self.classifier = nn.Sequential(
            Dropout(dropout),
            nn.Linear(256 * 6 * 6, 4096),
            nn.ReLU(inplace=True),
            Dropout(dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(inplace=True),
            nn.Linear(4096, n_outputs),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.avgpool(self.features(x)).flatten(1))
