"""From an estimator's parameters to the plain values that describe its network."""

from numbers import Integral
from typing import Any

from torch import nn

from sknn_suite.checks import check_layer_sizes, check_per_layer
from sknn_suite.doors import warn_user
from sknn_suite.exceptions import SuiteWarning
from sknn_suite.modules import (
    BACKBONES,
    CONV_SPECS,
    VGG_LAYERS,
    Probe,
    build_image_network,
    find_head,
    small_shape,
)
from sknn_suite.parameters import refuse_for_network

# Layers that make probabilities of raw scores.
_LINKS = (nn.Sigmoid, nn.LogSigmoid, nn.Softmax, nn.LogSoftmax)


def user_module(estimator: Any) -> Any:
    """Find the user's own module or class, None for one of our networks."""
    source = (
        estimator.architecture if estimator.backbone is None else estimator.backbone
    )
    return source if isinstance(source, nn.Module | type) else None


def configure(draft: Any, n_outputs: int) -> dict:
    """Describe the network by plain values; one image measures its cost.

    `draft` has the parameters, and the shape of the images.
    """
    _check_combination(draft)
    _warn_of_outputs(draft.architecture, n_outputs)
    user, shape = user_module(draft), draft.image_shape_
    name = name_of(draft)
    refuse_for_network(draft.estimator, name)
    config = {
        "user": user,
        "architecture": name,
        "image_shape": shape,
        "n_outputs": n_outputs,
        "n_classes": max(n_outputs, 2) if n_outputs == 1 else n_outputs,
        "n_channels_expected": shape[2],
        "options": {} if user is not None else _options(draft, name),
        "layers": _plain(draft.architecture) if name == "layers" else None,
        "from_pair": False,
        "new_head": None,
        "in_halves": draft.backbone is not None,
        "crops_kernels": False,
    }
    if draft.backbone is not None:
        config["n_channels_expected"] = _channels_of_backbone(user, shape[2])
        if user is not None:
            config["new_head"] = "replace" if find_head(user) else "add"
    if name == "mlp":
        n_inputs = shape[0] * shape[1] * shape[2]
        hidden = config["options"]["hidden_layer_sizes"]
        n_features = hidden[-1] if hidden else n_inputs
        return config | {"macs": 0, "largest": n_inputs, "n_features": n_features}
    shown = repr(name if user is None else type(user).__name__)
    headless = config["new_head"] == "add"
    body = config | {"new_head": None} if headless else config
    probe = Probe(build_image_network(**body), shape, shown)
    if headless:
        config["new_head"] = probe.output_shape[0]
    elif probe.n_outputs != n_outputs:
        if (probe.n_outputs, n_outputs) != (2, 1):
            raise ValueError(
                f"The network of architecture={shown} gives {probe.n_outputs} scores. "
                f"Expected {config['n_classes']}, one per class. Change its last "
                "layer, or pass the module as backbone, which replaces it."
            )
        config["from_pair"] = True
    if not headless and isinstance(probe.last, _LINKS):
        warn_user(
            f"The network of architecture={shown} ends in {type(probe.last).__name__}. "
            "Expected raw scores, since the loss has a softmax or sigmoid itself; with "
            "two in a row the network learns slowly and its probabilities are wrong. "
            "Leave the last layer out.",
            SuiteWarning,
        )
    return config | {
        "crops_kernels": probe.meets_one_pixel,
        "macs": probe.macs,
        "largest": probe.largest,
        "n_features": probe.n_features or config["new_head"],
    }


def _check_combination(estimator: Any) -> None:
    backbone, weights = estimator.backbone, estimator.weights
    if isinstance(backbone, str) and backbone not in BACKBONES:
        raise ValueError(
            f"backbone={backbone!r} is unknown. Expected one of "
            f"{', '.join(BACKBONES)}, or an nn.Module. Choose one of these."
        )
    if weights is not None and backbone is None:
        raise ValueError(
            "weights was given without a backbone. Expected the network that the file "
            "was made for. Set backbone, for example to 'resnet34'."
        )
    if isinstance(backbone, str) and weights is None:
        raise ValueError(
            f"backbone={backbone!r} was given without weights. Expected a file of "
            f"weights. Set weights, or architecture={backbone!r} to train from "
            "scratch."
        )
    if backbone is not None and estimator.architecture != "auto":
        raise ValueError(
            "Both architecture and backbone were given. Expected one of them. Leave "
            "architecture at 'auto'."
        )


def _warn_of_outputs(architecture: Any, n_outputs: int) -> None:
    """Warn of a list of layers that seems to end in the output layer."""
    if not isinstance(architecture, list | tuple) or not len(architecture):
        return
    last = architecture[-1]
    is_number = isinstance(last, Integral) and not isinstance(last, bool)
    if is_number and int(last) == n_outputs:
        warn_user(
            f"architecture ends in {last} dense units, as many as y needs outputs. "
            "Expected the layers before the outputs, which fit adds: this is one more "
            f"hidden layer. Leave {last} out, or write ({last}, 'relu') to keep it.",
            SuiteWarning,
        )


def name_of(estimator: Any) -> str:
    """Name of the network; "module" for the user's own, "layers" for a list."""
    if user_module(estimator) is not None:
        return "module"
    if estimator.backbone is not None:
        return estimator.backbone
    architecture = estimator.architecture
    if isinstance(architecture, list | tuple):
        return "layers"
    if architecture == "auto":
        return "mlp" if estimator.image_shape_[:2] == (1, 1) else "resnet_small"
    return architecture


def _options(estimator: Any, name: str) -> dict[str, Any]:
    """Arguments of the network beyond channels and scores."""
    activation = estimator.activation
    if name == "mlp":
        sizes = check_layer_sizes(estimator.hidden_layer_sizes)
        dropout = check_per_layer("dropout", estimator.dropout, len(sizes))
        return {
            "hidden_layer_sizes": sizes,
            "activation": activation,
            "dropout": dropout if any(dropout) else (),
            "batch_norm": estimator.batch_norm,
        }
    rate = check_per_layer("dropout", estimator.dropout, 1)[0]
    if name == "layers" or name in CONV_SPECS:
        return {
            "activation": activation,
            "batch_norm": estimator.batch_norm,
            "dropout": rate,
        }
    if name == "resnet_small":
        shape = small_shape(*estimator.image_shape_)
        return {**shape, "activation": activation, "dropout": rate}
    if name == "airbench":
        return {}
    options: dict[str, Any] = {"dropout": rate} if rate else {}
    if name in VGG_LAYERS:
        options["batch_norm"] = estimator.batch_norm
    return options


def _channels_of_backbone(user: Any, n_channels: int) -> int:
    """Channels that the backbone takes; grey images are repeated for RGB."""
    if user is None:
        return 3
    for part in user.modules():
        if isinstance(part, nn.Conv2d):
            return part.in_channels if n_channels == 1 else n_channels
    return n_channels


def _plain(layers: Any) -> list:
    return [
        list(layer) if isinstance(layer, tuple | list) else layer for layer in layers
    ]
