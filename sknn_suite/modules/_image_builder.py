"""Build a network for images from its configuration, and measure its cost."""

import copy
import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from sknn_suite.exceptions import DataError
from sknn_suite.modules._airbench import AirbenchNet
from sknn_suite.modules._conv_spec import CONV_SPECS, ConvNet
from sknn_suite.modules._image_network import ImageNetwork, find_head
from sknn_suite.modules._image_pooling import mean_of_pixels
from sknn_suite.modules._inception import GoogLeNet
from sknn_suite.modules._init import give_memory, init_linear
from sknn_suite.modules._mlp import MLP
from sknn_suite.modules._norm import AnyBatchNorm, let_norms_take_one_row
from sknn_suite.modules._resnet import BasicBlock, Bottleneck, ResNet
from sknn_suite.modules._resnet_small import ResNetSmall
from sknn_suite.modules._vgg import VGG, VGG_LAYERS, AlexNet

RESNETS: dict[str, tuple[type, tuple[int, ...]]] = {
    "resnet18": (BasicBlock, (2, 2, 2, 2)),
    "resnet34": (BasicBlock, (3, 4, 6, 3)),
    "resnet50": (Bottleneck, (3, 4, 6, 3)),
}

ARCHITECTURES = (
    "airbench",
    "alexnet",
    "auto",
    "inception",
    "mlp",
    "resnet_small",
    *CONV_SPECS,
    *RESNETS,
    *VGG_LAYERS,
)

# Those whose checkpoints torchvision offers.
BACKBONES = ("alexnet", "inception", *RESNETS, *VGG_LAYERS)


# Functions, methods and initialisers of torch that draw random numbers; and
# replacements of those that take no generator in some versions of torch.
RANDOM = {
    "bernoulli",
    "bernoulli_",
    "multinomial",
    "normal",
    "poisson",
    "rand",
    "randint",
    "randn",
    "randperm",
    "cauchy_",
    "exponential_",
    "geometric_",
    "log_normal_",
    "normal_",
    "random_",
    "uniform_",
    "kaiming_normal_",
    "kaiming_uniform_",
    "orthogonal_",
    "sparse_",
    "trunc_normal_",
    "xavier_normal_",
    "xavier_uniform_",
}
LIKE: dict[str, Callable] = {"rand_like": torch.rand, "randn_like": torch.randn}


class FlatMLP(MLP):
    """An MLP on the pixels of an image, one after the other."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.flatten(1))


class BodyWithHead(nn.Module):
    """A network without a linear layer, and a linear layer on its averaged channels.

    Parameters
    ----------
    body : nn.Module
        Images to features, (n, d) or (n, d, h, w).
    n_features, n_outputs : int
        d, and raw scores.
    """

    def __init__(self, body: nn.Module, n_features: int, n_outputs: int) -> None:
        super().__init__()
        self.body = body
        self.fc = nn.Linear(n_features, n_outputs)

    def forward(self, x: Tensor) -> Tensor:
        x = self.body(x)
        return self.fc(mean_of_pixels(x) if x.ndim == 4 else x)


def small_shape(height: int, width: int, n_channels: int) -> dict[str, Any]:
    """Stages of "resnet_small" that suit images of this size; wider for colours."""
    side = min(height, width)
    stem_stride = 1 << max(0, round(math.log2(side / 40)))
    side = max(side // stem_stride, 1)
    n_pools = min(max(round(math.log2(side / 3.5)), 1 if side > 1 else 0), 5)
    n_stages = max(2, n_pools)
    stem = 16 if n_channels == 1 else 24
    widths = tuple(stem * factor for factor in (2, 4, 8, 8, 8)[:n_stages])
    pools = tuple(i >= n_stages - n_pools for i in range(n_stages))
    return {"widths": widths, "pools": pools, "stem": stem, "stem_stride": stem_stride}


def build_image_network(**config: Any) -> ImageNetwork:
    """Build the network that `config` describes; its weights have no values yet.

    ``config["user"]`` is the user's own module, or its class, else None.
    """
    with torch.device("meta"):
        if config["user"] is not None:
            network = _user_network(config, config["user"])
        else:
            network = _named_network(config)
        return ImageNetwork(
            network,
            config["image_shape"][2],
            config["n_channels_expected"],
            config["from_pair"],
            config["in_halves"],
            config["crops_kernels"],
            config.get("body_frozen", False),
        )


def _named_network(config: dict) -> nn.Module:
    name, n_outputs = config["architecture"], config["n_outputs"]
    n_channels = config["n_channels_expected"]
    options = config["options"]
    if name == "mlp":
        return FlatMLP(
            int(np.prod(config["image_shape"])), n_outputs=n_outputs, **options
        )
    if name == "layers" or name in CONV_SPECS:
        layers = config["layers"] if name == "layers" else CONV_SPECS[name]
        return ConvNet(layers, config["image_shape"], n_outputs, **options)
    if name == "resnet_small":
        return ResNetSmall(n_channels, n_outputs, **options)
    if name in RESNETS:
        return ResNet(*RESNETS[name], n_channels, n_outputs, **options)
    if name in VGG_LAYERS:
        return VGG(VGG_LAYERS[name], n_channels, n_outputs, **options)
    kinds = {"alexnet": AlexNet, "inception": GoogLeNet, "airbench": AirbenchNet}
    return kinds[name](n_channels, n_outputs, **options)


# -- the user's own modules ----------------------------------------------------------


def _user_network(config: dict, user: Any) -> nn.Module:
    with torch.device("cpu"):
        if isinstance(user, nn.Module):
            network = copy.deepcopy(user).cpu()
        else:
            network = draw_user_network(user, config, 0)
    let_norms_take_one_row(network)
    if config["new_head"] is not None:
        network = _with_new_head(network, config["new_head"], config["n_outputs"])
    return network


def _with_new_head(network: nn.Module, kind: Any, n_outputs: int) -> nn.Module:
    """Replace the last layer, or add one to a body of `kind` features."""
    if kind != "replace":
        return BodyWithHead(network, int(kind), n_outputs)
    name = find_head(network)
    assert name is not None
    parent, _, last = name.rpartition(".")
    old: Any = network.get_submodule(name)
    new = nn.Linear(old.in_features, n_outputs)
    setattr(network.get_submodule(parent), last, new)
    return network


def draw_user_network(kind: Callable, config: dict, seed: int) -> nn.Module:
    """Build the user's class, its initial weights drawn by `seed`.

    torch's global generator stays as it is, also for other threads.
    """
    known = {
        "n_outputs": config["n_classes"],
        "num_classes": config["n_classes"],
        "n_classes": config["n_classes"],
        "n_channels": config["image_shape"][2],
        "in_channels": config["image_shape"][2],
        "in_chans": config["image_shape"][2],
        "image_shape": config["image_shape"],
        "image_size": config["image_shape"][:2],
    }
    try:
        wanted = set(inspect.signature(kind).parameters)
    except ValueError:  # builtins have no signature
        wanted = set()
    with OwnDraws(seed):
        module = kind(**{n: value for n, value in known.items() if n in wanted})
    if not isinstance(module, nn.Module):
        raise TypeError(
            f"architecture={kind!r} makes a {type(module).__name__}. Expected an "
            "nn.Module. Pass a class derived from torch.nn.Module, or an instance."
        )
    return module


class OwnDraws(TorchFunctionMode):
    """Make torch's random functions draw from a separate generator for a while.

    Modules draw their initial weights from torch's global generator, which belongs to
    the whole process. Seeding it and putting it back would disturb other threads; this
    changes what the functions are given, in the present thread only.

    Parameters
    ----------
    seed : int
        Seed of the generator.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.generator = torch.Generator().manual_seed(seed)

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict | None = None
    ) -> Any:
        kwargs = dict(kwargs or {})
        name = getattr(func, "__name__", "")
        if name in LIKE:
            func, (model, *args) = LIKE[name], args
            args = (model.shape, *args)
            kwargs = {"dtype": model.dtype, "device": model.device} | kwargs
        if (name in RANDOM or name in LIKE) and kwargs.get("generator") is None:
            kwargs["generator"] = self.generator
        return func(*args, **kwargs)


# -- initial weights -----------------------------------------------------------------


@torch.no_grad()
def draw_weights(
    network: nn.Module,
    method: str,
    activation: str,
    random_state: np.random.RandomState,
) -> None:
    """Draw the weights of one of our networks."""
    if isinstance(network, MLP):
        network.reset_parameters(method, random_state)
        return
    head = find_head(network)
    chosen = "he" if method == "auto" else method
    names = getattr(network, "activation_names", {})
    for name, part in network.named_modules():
        if isinstance(part, nn.Linear) and name == head:
            init_linear(part, "glorot", activation, random_state)
        elif isinstance(part, nn.Conv2d | nn.Linear):
            own = names.get(name, activation)
            init_linear(part, chosen, own, random_state)
        elif isinstance(part, AnyBatchNorm | nn.PReLU):
            part.reset_parameters()
    if isinstance(network, AirbenchNet):
        network.start_as_identity()


@torch.no_grad()
def copy_values(source: nn.Module, target: nn.Module, leave_out: str | None) -> None:
    """Copy parameters and buffers, those that are in no state_dict as well."""
    theirs = dict(source.named_parameters()) | dict(source.named_buffers())
    ours = dict(target.named_parameters()) | dict(target.named_buffers())
    for name, tensor in ours.items():
        inside = leave_out is not None and name.startswith(leave_out + ".")
        if name in theirs and not inside:
            tensor.copy_(theirs[name])


# -- what a network costs ------------------------------------------------------------


class Probe:
    """What a network does with one image.

    Attributes
    ----------
    macs : int
        Multiplications of an image.
    largest : int
        Numbers in the largest output of a layer.
    n_outputs : int
        Raw scores of the network.
    n_features : int or None
        Inputs of its last linear layer; None if there is none.
    meets_one_pixel : bool
        Whether a convolution meets an image that is one pixel high or wide.
    last : nn.Module or None
        The layer whose output the scores are; None if a function makes them.
    """

    def __init__(self, whole: ImageNetwork, image_shape: tuple, name: str) -> None:
        give_memory(whole)  # a user's network may need the values of its buffers
        self.macs, self.largest = 0, int(np.prod(image_shape))
        self.meets_one_pixel = False
        self._after: tuple[nn.Module, Any] | None = None
        hooks = [
            part.register_forward_hook(self._count)
            for part in whole.modules()
            if not list(part.children())
        ]
        h, w, c = image_shape
        image = torch.zeros(1, whole.n_channels_expected, h, w)
        try:
            with torch.no_grad():
                output = whole.eval().network(image)
        except RuntimeError as error:
            raise DataError(
                f"The network of architecture={name} cannot take images of {h} x {w} "
                f"pixels and {c} channels: {str(error).splitlines()[0]}. Expected "
                "images that are large enough for its strides, and its number of "
                "channels. Choose another architecture, or pass a larger image_shape."
            ) from error
        for hook in hooks:
            hook.remove()
        if not isinstance(output, Tensor):
            raise DataError(
                f"The network of architecture={name} gives a "
                f"{type(output).__name__}. Expected one tensor of raw scores. Wrap "
                "it in a module that returns only these."
            )
        is_last = self._after is not None and self._after[1] is output
        self.last = self._after[0] if is_last and self._after is not None else None
        self._after = None
        self.output_shape = tuple(output.shape[1:])
        self.n_outputs = int(np.prod(self.output_shape))
        self.n_features = None
        if whole.head_name is not None:
            self.n_features = int(whole.head.in_features)

    def _count(self, part: nn.Module, inputs: tuple, output: Any) -> None:
        if not isinstance(output, Tensor):
            return
        self._after = part, output
        self.largest = max(self.largest, output.numel())
        if isinstance(part, nn.Conv2d | nn.Linear):
            self.macs += part.weight[0].numel() * output.numel()
        if isinstance(part, nn.Conv2d) and max(part.kernel_size) > 1:
            self.meets_one_pixel |= min(inputs[0].shape[2:]) == 1
