"""Convolutions of images one pixel high or wide, and a fault of their gradients."""

from typing import Any

from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode


class CropKernels(TorchFunctionMode):
    """For a while crop kernels to the taps that images of one pixel meet.

    Where an image is one pixel high or wide, a padded convolution uses one row or
    column of its kernel. All others have a gradient of zero, but oneDNN's bfloat16
    kernels return whatever was in memory for them (torch 2.13, convolutions of any
    stride). With a cropped kernel the result is the same, and autograd sets the zeros.

    Examples
    --------
    >>> import torch
    >>> from sknn_suite.modules import CropKernels
    >>> convolution, image = torch.nn.Conv2d(1, 1, 3, padding=1), torch.ones(1, 1, 1, 1)
    >>> with CropKernels():
    ...     convolution(image).sum().backward()
    >>> convolution.weight.grad.flatten().tolist()
    [0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0]
    """

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict | None = None
    ) -> Any:
        if func is F.conv2d:
            return func(**_cropped(*args, **(kwargs or {})))
        return func(*args, **(kwargs or {}))


def _cropped(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> dict[str, Any]:
    """Arguments of the convolution whose kernel has only the taps that are met."""
    stride, dilation = _pair(stride), _pair(dilation)
    arguments = {"input": input, "bias": bias, "stride": stride, "groups": groups}
    if padding == "valid":
        padding = 0
    if padding == "same":
        padding = [(weight.shape[i + 2] - 1) * dilation[i] / 2 for i in range(2)]
        if padding[0] % 1 or padding[1] % 1:  # more on one side than on the other
            return arguments | {
                "weight": weight,
                "padding": "same",
                "dilation": dilation,
            }
    pads = [int(n) for n in _pair(padding)]
    for i, pad in enumerate(pads):
        axis, kernel = i + 2, weight.shape[i + 2]
        reach = 2 * pad - dilation[i] * (kernel - 1)
        is_alone = input.shape[axis] == 1 and 0 <= reach < stride[i]
        if kernel > 1 and is_alone and pad % dilation[i] == 0:
            weight = weight.narrow(axis, pad // dilation[i], 1)
            pads[i] = 0
    return arguments | {"weight": weight, "padding": pads, "dilation": dilation}


def _pair(value: Any) -> tuple:
    return tuple(value) if isinstance(value, tuple | list) else (value, value)
