"""A residual network for small images, and for few of them."""

from collections.abc import Sequence

from torch import Tensor, nn

from sknn_suite.modules._activations import make_activation
from sknn_suite.modules._dropout import Dropout
from sknn_suite.modules._image_pooling import mean_of_pixels
from sknn_suite.modules._norm import BatchNorm2d


class SmallStage(nn.Module):
    """A convolution, pooling if asked for, and a residual branch of `depth` more.

    Parameters
    ----------
    n_inputs, n_outputs : int
        Channels.
    depth : int
        Convolutions of the branch.
    pool : bool
        Whether height and width are halved.
    activation : str
        A name in `ACTIVATIONS`.

    Shape
    -----
    x : (n, n_inputs, h, w)
    returns : (n, n_outputs, h // 2, w // 2), or (n, n_outputs, h, w)
    """

    def __init__(
        self, n_inputs: int, n_outputs: int, depth: int, pool: bool, activation: str
    ) -> None:
        super().__init__()
        # Pooled before the norm, which then has a quarter of the work.
        layers: list[nn.Module] = [nn.Conv2d(n_inputs, n_outputs, 3, 1, 1, bias=False)]
        layers += [nn.MaxPool2d(2)] if pool else []
        layers += _norm_and_activation(n_outputs, activation)
        self.entry = nn.Sequential(*layers)
        branch: list[nn.Module] = []
        for _ in range(depth):
            branch.append(nn.Conv2d(n_outputs, n_outputs, 3, 1, 1, bias=False))
            branch += _norm_and_activation(n_outputs, activation)
        self.branch = nn.Sequential(*branch)

    def forward(self, x: Tensor) -> Tensor:
        x = self.entry(x)
        return x + self.branch(x) if len(self.branch) else x


class ResNetSmall(nn.Module):
    """Residual network with a 3x3 stem, whose depth suits the size of the images.

    Parameters
    ----------
    n_channels, n_outputs : int
        Channels of the images, and raw scores.
    widths : sequence of int
        Channels of each stage.
    pools : sequence of bool
        Which stages halve height and width.
    stem : int
        Channels of the first convolution.
    stem_stride : int, default=1
        Its stride; more for large images.
    depth : int, default=1
        Convolutions of each stage's residual branch.
    activation : str, default="relu"
        A name in `ACTIVATIONS`.
    dropout : float, default=0.0
        Before the last layer.

    Shape
    -----
    x : (n, n_channels, h, w)
    returns : (n, n_outputs)

    References
    ----------
    He et al., "Deep Residual Learning for Image Recognition", CVPR 2016; the order of
    convolution, pooling and norm is that of Page, "How to Train Your ResNet", 2018.

    Examples
    --------
    >>> import torch
    >>> from sknn_suite.modules import ResNetSmall
    >>> net = ResNetSmall(1, 10, widths=(8, 16), pools=(True, True), stem=8)
    >>> net.eval()(torch.zeros(2, 1, 28, 28)).shape
    torch.Size([2, 10])
    """

    def __init__(
        self,
        n_channels: int,
        n_outputs: int,
        widths: Sequence[int],
        pools: Sequence[bool],
        stem: int,
        stem_stride: int = 1,
        depth: int = 1,
        activation: str = "relu",
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(n_channels, stem, 3, stem_stride, 1, bias=False),
            *_norm_and_activation(stem, activation),
        )
        stages = []
        n_inputs = stem
        for width, pool in zip(widths, pools):
            stages.append(SmallStage(n_inputs, width, depth, pool, activation))
            n_inputs = width
        self.stages = nn.Sequential(*stages)
        self.dropout = Dropout(dropout)
        self.fc = nn.Linear(n_inputs, n_outputs)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stages(self.stem(x))
        return self.fc(self.dropout(mean_of_pixels(x)))


def _norm_and_activation(n_channels: int, activation: str) -> list[nn.Module]:
    """Batch norm and activation; relu works in place: the norm needs no output."""
    activate = make_activation(activation)
    if isinstance(activate, nn.ReLU):
        activate.inplace = True
    return [BatchNorm2d(n_channels), activate]
