"""Networks for images as nodes."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn

from sknn_suite.export._layers import LayerWriter, weights_of, write_linear, write_mlp
from sknn_suite.export._value import Value
from sknn_suite.modules import (
    VGG,
    AirbenchNet,
    AlexNet,
    BasicBlock,
    Bottleneck,
    ConvNet,
    FlatMLP,
    GlobalAveragePool,
    GoogLeNet,
    ImageNetwork,
    ResNet,
    ResNetSmall,
)

# Writes a network of the user's own: scaled images, (n, channels, h, w), to scores.
WriteOwn = Callable[[nn.Module, Value], Value]

Write = LayerWriter


def write_images(
    module: ImageNetwork, config: Mapping[str, Any], x: Value, own: WriteOwn
) -> Value:
    """Write a network for images.

    Parameters
    ----------
    module : ImageNetwork
        The network, with the views that predictions average over.
    config : mapping
        Its configuration.
    x : Value
        Images, (n, h, w, channels), of any type.
    own : callable
        Writes a network of the user's own.
    """
    h, w, n_channels = config["image_shape"]
    expected = config["n_channels_expected"]
    write: Callable[[nn.Module, Value], Value] = own
    if config["user"] is None:
        write = image_writer(module.network, torch.zeros(1, expected, h, w))

    def scores_of(images: Value) -> Value:
        if expected != n_channels:
            images = images.then("Expand", np.array([1, expected, 1, 1]))
        scores = write(module.network, images)
        if config["user"] is not None:
            scores = scores.then("Flatten", axis=1)
        if module.from_pair:
            # softmax of two scores is the sigmoid of their difference
            return scores.cut(1, 1) - scores.cut(1, 0, 1)
        return scores

    x = (x.cast(np.float32) - weights_of(module.center)) * weights_of(module.factor)
    x = x.transpose(0, 3, 1, 2)
    if not module.views:
        return scores_of(x)
    scores = [scores_of(_seen(x, view, h, w)) for view in module.views]
    total = scores[0]
    for more in scores[1:]:
        total = total + more
    return total / float(len(scores))


def _seen(
    x: Value, view: Callable[[torch.Tensor], torch.Tensor], h: int, w: int
) -> Any:
    """Write a view: it only moves pixels, and so says where each one comes from."""
    places = view(torch.arange(h * w).view(1, 1, h, w))[0, 0]
    moved = x.reshape(0, 0, h * w).at(places.reshape(-1).numpy(), axis=2)
    return moved.reshape(0, 0, *places.shape)


def image_writer(network: nn.Module, image: torch.Tensor) -> LayerWriter:
    """Make the writer of our networks; `image` shows the sizes that layers meet."""
    sizes = _sizes_before(network, nn.AdaptiveAvgPool2d, image)
    pool = partial(_pool_to_size, sizes)
    return LayerWriter({**WRITERS, nn.AdaptiveAvgPool2d: pool})


def _sizes_before(
    network: nn.Module, kind: type, image: torch.Tensor
) -> dict[nn.Module, tuple[int, ...]]:
    """Height and width of what layers of a kind get."""
    layers = [layer for layer in network.modules() if type(layer) is kind]
    sizes: dict[nn.Module, tuple[int, ...]] = {}

    def remember(layer: nn.Module, inputs: tuple) -> None:
        sizes[layer] = tuple(inputs[0].shape[2:])

    hooks = [layer.register_forward_pre_hook(remember) for layer in layers]
    if layers:
        with torch.no_grad():
            network(image)
    for hook in hooks:
        hook.remove()
    return sizes


# -- layers --------------------------------------------------------------------------


def _pair(value: Any) -> list[int]:
    return list(value) if isinstance(value, tuple | list) else [value, value]


def _convolution(write: Write, layer: nn.Conv2d, x: Value) -> Value:
    parts = [weights_of(layer.weight)]
    if layer.bias is not None:
        parts.append(weights_of(layer.bias))
    return x.then(
        "Conv",
        *parts,
        strides=_pair(layer.stride),
        pads=_pair(layer.padding) * 2,
        dilations=_pair(layer.dilation),
        group=layer.groups,
    )


def _pool(operator: str, write: Write, layer: Any, x: Value) -> Value:
    return x.then(
        operator,
        kernel_shape=_pair(layer.kernel_size),
        strides=_pair(layer.stride),
        pads=_pair(layer.padding) * 2,
        ceil_mode=int(layer.ceil_mode),
    )


def _pool_to_size(
    sizes: dict[nn.Module, tuple[int, ...]], write: Write, layer: Any, x: Value
) -> Value:
    """Write pooling to a fixed size as two products with shares of pixels."""
    (h, w), (rows, columns) = sizes[layer], _pair(layer.output_size)
    return x.alike(_shares(h, rows)) @ (x @ _shares(w, columns).T)


def _shares(n: int, n_after: int) -> np.ndarray:
    """Share of each of `n` pixels in each pooled one, (n_after, n)."""
    shares = np.zeros((n_after, n))
    for i in range(n_after):
        first, stop = i * n // n_after, -(-(i + 1) * n // n_after)
        shares[i, first:stop] = 1 / (stop - first)
    return shares


def _mean(x: Value) -> Value:
    """Average each channel: (n, channels, h, w) to (n, channels)."""
    return x.mean(2, 3)


# -- networks ------------------------------------------------------------------------


def _basic_block(write: Write, block: Any, x: Value) -> Value:
    past = x if block.downsample is None else write(block.downsample, x)
    x = write(block.bn1, write(block.conv1, x)).then("Relu")
    return (write(block.bn2, write(block.conv2, x)) + past).then("Relu")


def _bottleneck(write: Write, block: Any, x: Value) -> Value:
    past = x if block.downsample is None else write(block.downsample, x)
    x = write(block.bn1, write(block.conv1, x)).then("Relu")
    x = write(block.bn2, write(block.conv2, x)).then("Relu")
    return (write(block.bn3, write(block.conv3, x)) + past).then("Relu")


def _resnet(write: Write, net: Any, x: Value) -> Value:
    x = write(net.maxpool, write(net.bn1, write(net.conv1, x)).then("Relu"))
    for i in range(1, 5):
        x = write(getattr(net, f"layer{i}"), x)
    return write_linear(net.fc, _mean(x))


def _resnet_small(write: Write, net: Any, x: Value) -> Value:
    x = write(net.stem, x)
    for stage in net.stages:
        x = write(stage.entry, x)
        if len(stage.branch):
            x = x + write(stage.branch, x)
    return write_linear(net.fc, _mean(x))


def _pooled_in_the_middle(write: Write, net: Any, x: Value) -> Value:
    x = write(net.avgpool, write(net.features, x))
    return write(net.classifier, x.then("Flatten", axis=1))


def _googlenet(write: Write, net: Any, x: Value) -> Value:
    def normed(layer: Any, x: Value) -> Value:
        return write(layer.bn, write(layer.conv, x)).then("Relu")

    def branch(layers: Any, x: Value) -> Value:
        for layer in layers if isinstance(layers, nn.Sequential) else [layers]:
            x = normed(layer, x) if hasattr(layer, "bn") else write(layer, x)
        return x

    x = write(net.maxpool1, normed(net.conv1, x))
    x = write(net.maxpool2, normed(net.conv3, normed(net.conv2, x)))
    pools = {"inception3b": net.maxpool3, "inception4e": net.maxpool4}
    for name, block in net.named_children():
        if name.startswith("inception"):
            first, *others = (branch(layers, x) for layers in block.children())
            x = first.join(*others, axis=1)
            x = write(pools[name], x) if name in pools else x
    return write_linear(net.fc, _mean(x))


def _airbench(write: Write, net: Any, x: Value) -> Value:
    x = write(net.activation, write(net.whiten, x))
    for block in net.blocks:
        x = write(block.norm1, write(block.pool, write(block.conv1, x)))
        x = write(block.norm2, write(block.conv2, write(block.activation, x)))
        x = write(block.activation, x)
    return write_linear(net.fc, x.max(2, 3)) * net.SCALE


WRITERS: dict[Any, Callable[[Write, Any, Value], Value]] = {
    nn.Conv2d: _convolution,
    nn.AvgPool2d: partial(_pool, "AveragePool"),
    nn.MaxPool2d: partial(_pool, "MaxPool"),
    nn.AdaptiveMaxPool2d: lambda write, layer, x: x.max(2, 3, keep=True),
    nn.Flatten: lambda write, layer, x: x.then("Flatten", axis=1),
    GlobalAveragePool: lambda write, layer, x: x.mean(2, 3, keep=True),
    BasicBlock: _basic_block,
    Bottleneck: _bottleneck,
    ResNet: _resnet,
    ResNetSmall: _resnet_small,
    VGG: _pooled_in_the_middle,
    AlexNet: _pooled_in_the_middle,
    GoogLeNet: _googlenet,
    AirbenchNet: _airbench,
    ConvNet: lambda write, net, x: write(net.layers, x),
    FlatMLP: lambda write, net, x: write_mlp(net, x.then("Flatten", axis=1)),
}
