"""What nets hold, and whether weights are those of the configuration."""

from typing import Any

import numpy as np
from torch import nn

from sknn_suite.encoding import (
    ClassTarget,
    ImageEncoder,
    MixedTableEncoder,
    NumberTarget,
    PatchEncoder,
    ScaledTable,
    SequenceEncoder,
    TableEncoder,
    TextEncoder,
)
from sknn_suite.estimator import FittedNet, Memory
from sknn_suite.losses import LINKS
from sknn_suite.modules import NETWORKS, Network
from sknn_suite.persistence._checks import (
    all_finite,
    array,
    either,
    finite,
    flag,
    instance,
    integer,
    mapping,
    nothing,
    one_of,
    plain,
    random_state,
    refuse,
    text,
)
from sknn_suite.persistence._kinds import Check, Kind

# Largest number in a configuration, and most steps of a list beyond the weights.
LARGEST, SLACK = 1 << 31, 64

# Encoder of each kind of network.
_ENCODERS: dict[str, tuple[type, ...]] = {
    "autoencoder": (ScaledTable,),
    "image": (ImageEncoder, PatchEncoder),
    "mlp": (TableEncoder,),
    "sequence": (SequenceEncoder, TextEncoder),
    "tabular_pack": (MixedTableEncoder,),
    "vae": (ScaledTable,),
}


# How rows are read for each kind of network, where it is not chunk by chunk.
_READINGS = {"image": "batches", "sequence": "lengths", "tabular_pack": "batches"}


def verify_net(net: Any, shown: dict[str, np.ndarray]) -> None:
    """Refuse a net whose weights are not those of its configuration.

    Parameters
    ----------
    net : FittedNet
        The net.
    shown : dict of str to ndarray
        Weights that the estimator holds in its place.

    Raises
    ------
    ValueError
        If anything would be computed with that is not what the configuration says.
    """
    network, config = net.network, net.network.config
    refuse(network.kind not in _ENCODERS, "its network is of an unknown kind")
    known = type(net.encoder) in _ENCODERS[network.kind]
    refuse(not known, "its encoder does not go with its network")
    reading = _READINGS.get(network.kind, "chunks")
    refuse(net.reading != reading, "its rows are read as those of another network")
    weights = net.weights | shown
    refuse(
        len(weights) != len(net.weights) + len(shown), "a weight is told in two ways"
    )
    refuse_floods(config, len(weights))
    module = network.skeleton()
    expected = {name: tuple(t.shape) for name, t in module.state_dict().items()}
    odd = sorted(expected.keys() ^ weights.keys())
    refuse(odd, f"its weight {(odd or [''])[0][:60]} is missing, or has no use")
    for name, tensor in module.state_dict().items():
        found = weights[name]
        refuse(
            found.shape != expected[name],
            f"its weight {name} has the shape {found.shape}, and its configuration "
            f"{expected[name]}",
        )
        kind = "f" if tensor.is_floating_point() else "i"
        refuse(found.dtype.kind != kind, f"its weight {name} has another type")
        refuse(kind == "f" and not all_finite(found), f"its weight {name} has NaN")
    _verify_ends(net)


def refuse_floods(config: dict[str, Any], n_weights: int) -> None:
    """Refuse a configuration that would build more layers than there are weights."""
    most = n_weights + SLACK

    def look(value: Any) -> int:
        """Return the longest list in a value."""
        if isinstance(value, dict):
            return max((look(one) for one in value.values()), default=0)
        if isinstance(value, list | tuple):
            return max([len(value), *(look(one) for one in value)])
        if isinstance(value, int | float) and not isinstance(value, bool):
            refuse(
                not -LARGEST <= value <= LARGEST, "its configuration has a huge number"
            )
        return 1

    # Categories are no layers, and there are no more of them than columns.
    columns = ("n_choices", "n_codes")
    look({name: config[name] for name in columns if name in config})
    longest = look({n: value for n, value in config.items() if n not in columns})
    options = config.get("options") or {}
    times = [config.get("n_networks", 1), options.get("depth", 1)]
    for count in times:
        integer(0, most)(count)
    refuse(max(times) * longest > 4 * most, "its configuration has too many layers")


def _verify_ends(net: Any) -> None:
    """Refuse a net that reads other columns than its encoder gives, or gives others."""
    config, encoder, target = net.network.config, net.encoder, net.target
    if net.network.kind in ("mlp", "autoencoder", "vae"):
        n_inputs = encoder.n_features_
        refuse(config["n_inputs"] != n_inputs, "its encoder has other columns")
    elif isinstance(encoder, SequenceEncoder):
        refuse(config["n_inputs"] != encoder.n_channels_, "its encoder has others")
        refuse(config.get("embedding") is not None, "its network reads words")
    elif isinstance(encoder, TextEncoder):
        _verify_words(config, encoder)
    elif isinstance(encoder, MixedTableEncoder):
        _verify_pack(net)
    if target is None:
        return
    n_outputs = config["net"] if net.network.kind == "sequence" else config
    expected = target.n_scores if isinstance(target, NumberTarget) else target.n_outputs
    refuse(n_outputs["n_outputs"] != expected, "its target has other outputs")


def _verify_words(config: dict[str, Any], encoder: Any) -> None:
    """Refuse numbers of words that the table of vectors does not have."""
    given = config["embedding"]
    pairs = (
        (given["n_words"], encoder.n_words),
        (given["n_pieces"], encoder.n_pieces_),
        (given["n_vectors"], len(encoder.vector_numbers_)),
        (given["vector_size"], encoder.vector_size_),
        (config["n_grams"], len(encoder.grams_) if encoder.ngrams else 0),
    )
    refuse(any(a != b for a, b in pairs), "its vocabulary is not the network's")
    refuse(encoder.pieces and not encoder.n_pieces_, "its pieces are missing")


def _verify_pack(net: Any) -> None:
    """Refuse members that read other columns, or whose mean is none."""
    config, found = net.network.config, net.encoder.config
    refuse(any(config[n] != found[n] for n in found), "its encoder has other columns")
    refuse(config.get("link") not in LINKS, "its members have no mean")
    share, sharpness = net.weights["share"], net.weights["sharpness"]
    one = np.isclose(share.sum(), 1, atol=1e-4) and (share >= 0).all()
    refuse(not one, "the shares of its members are no shares")
    refuse(not (sharpness > 0).all(), "its scores have no unit")


def _config(value: Any) -> None:
    """Accept plain values, and a module class that the user has trusted."""
    refuse(type(value) is not dict, "is no dict")
    for name, one in value.items():
        text(name)
        if name == "user" and isinstance(one, type) and issubclass(one, nn.Module):
            continue
        plain(one)


def _verify_home(net: Any) -> None:
    refuse(not isinstance(net.weights, dict), "its weights are no dict")


_NET: dict[str, Check] = {
    "encoder": instance(*{t for types in _ENCODERS.values() for t in types}),
    "network": instance(Network),
    "weights": mapping(text, array("fi")),
    "dtype": one_of("float32", "float64"),
    "target": either(nothing, instance(ClassTarget, NumberTarget)),
    "home": text,
    "work_per_row": finite,
    "reading": one_of("chunks", "batches", "lengths"),
    "rows_at_once": either(nothing, integer(1)),
}
_MEMORY: dict[str, Check] = {
    "solver": plain,
    "learning_rate_init": plain,
    "random_state": random_state,
    "no_improvement_count": integer(),
    "is_partial": flag,
}

NETWORK_PARTS: tuple[Kind, ...] = (
    Kind(
        FittedNet,
        "sknn_suite.FittedNet",
        _NET,
        verify=_verify_home,
        tensors=frozenset({"weights"}),
    ),
    Kind(
        Network,
        "sknn_suite.Network",
        {"kind": one_of(*NETWORKS), "config": _config},
    ),
    Kind(
        Memory,
        "sknn_suite.Memory",
        _MEMORY,
        derived={"state": lambda memory: None},
    ),
)
