"""A net that goes on with a part of its module."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from sknn_suite.losses import Loss
from sknn_suite.modules import OwnedRandomness
from sknn_suite.training._net import TensorNet


@torch.no_grad()
def go_on_with(
    net: TensorNet, module: nn.Module, loss: Loss, part: Callable[[str, Tensor], Tensor]
) -> None:
    """Let a net go on with a smaller module, between two epochs.

    Weights, and what the optimiser knows of each of them, are parts of those before.
    Schedule, rows, random numbers and history go on.

    Parameters
    ----------
    net : TensorNet
        The net; changed in place.
    module : nn.Module
        The smaller module, on the device of the net. Its parameters are overwritten.
    loss : Loss
        Its loss.
    part : callable
        Takes the name of a parameter, and a tensor of the shape that it had before;
        returns what is left of it.
    """
    flat, before = net.flat_, dict(net.module_.named_parameters())
    memories = _memories(net)
    counts = [_counts(net, group["params"][0]) for group in net.optimizer_.param_groups]
    kept: dict[str, dict[str, Tensor]] = {key: {} for key in memories}
    for name, parameter in module.named_parameters():
        old = before[name]
        parameter.copy_(part(name, old))
        for key, memory in memories.items():
            kept[key][name] = part(name, memory[flat.place(old)].view(old.shape))
    for owner in module.modules():
        if isinstance(owner, OwnedRandomness):
            owner.generator = net.generator_
    module.train(net.module_.training)
    net.module_, net.criterion_ = module, loss
    net.initialize_optimizer()
    for key, parts in kept.items():
        memory = torch.zeros_like(net.flat_.data)
        for name, parameter in module.named_parameters():
            memory[net.flat_.place(parameter)] = parts[name].reshape(-1)
        for group in net.optimizer_.param_groups:
            for leaf in group["params"]:
                values = memory[net.flat_.place(leaf)].view(leaf.shape).clone()
                net.optimizer_.state[leaf][key] = values
    for group, count in zip(net.optimizer_.param_groups, counts, strict=True):
        for leaf in group["params"]:
            net.optimizer_.state[leaf] |= {
                k: value.clone() for k, value in count.items()
            }


def _memories(net: TensorNet) -> dict[str, Tensor]:
    """Collect what the optimiser keeps of each number, in the order of the buffer."""
    found: dict[str, Tensor] = {}
    for group in net.optimizer_.param_groups:
        for leaf in group["params"]:
            for key, value in net.optimizer_.state[leaf].items():
                if value.shape == leaf.shape and value.ndim:
                    memory = found.setdefault(key, torch.zeros_like(net.flat_.data))
                    memory[net.flat_.place(leaf)] = value.reshape(-1)
    return found


def _counts(net: TensorNet, leaf: Tensor) -> dict[str, Tensor]:
    """Collect what the optimiser keeps of all numbers of a leaf together."""
    state = net.optimizer_.state[leaf].items()
    return {key: value for key, value in state if not value.ndim}
