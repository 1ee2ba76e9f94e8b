"""Steps of a pack as one call of TorchScript.

After each operation a thread of Python waits for its turn at the interpreter. Two packs
of small nets in two threads spend more time on taking turns than they gain. A compiled
call computes all steps of a block of rows and needs one turn. Operations and their
order are those of `Backprop`, `StackedPenalty` and `FusedGroups`, and so are the
numbers, bit for bit: `tests/training/test_scripted_steps.py` compares them. Whatever is
not in here is left to these.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from sknn_suite.doors import compile_script, script_adam, script_derive
from sknn_suite.losses import (
    Loss,
    share_out,
    sigmoid_loss,
    softmax_loss,
    squared_loss,
    total,
)
from sknn_suite.modules import MLP
from sknn_suite.training._activation_pass import DERIVE
from sknn_suite.training._backprop import Backprop
from sknn_suite.training._net import TensorNet
from sknn_suite.training._products import ONE_BY_ONE, STACKED, STACKED_VECTORS
from sknn_suite.training._stacked_batches import Part
from sknn_suite.training._stacked_steps import BatchedPenalty, StackedPenalty, Steps

# -- what TorchScript compiles: types and operations that it knows ---------------------


def _affine(
    products: int, bias: Tensor, x: Tensor, weight_t: Tensor, out: Tensor
) -> None:
    """Write ``x @ weight_t + bias``."""
    if products == 0:
        torch.baddbmm(bias, x, weight_t, out=out)
    else:
        biases, each = bias.squeeze(1).unbind(), weight_t.unbind()
        for own, rows, weight, result in zip(biases, x.unbind(), each, out.unbind()):
            torch.addmm(own, rows, weight, out=result)


def _multiply(products: int, a: Tensor, b: Tensor, out: Tensor) -> None:
    """Write ``a @ b``."""
    if products < 2:
        torch.bmm(a, b, out=out)
    else:
        for one, other, result in zip(a.unbind(), b.unbind(), out.unbind()):
            torch.mm(one, other, out=result)


def _forward(
    x: Tensor,
    activation: str,
    products: list[int],
    biases: list[Tensor],
    weights_t: list[Tensor],
    outputs: list[Tensor],
    raw: Tensor,
) -> None:
    """Write the hidden layers and the raw scores."""
    last = len(outputs)
    for i in range(last):
        out = outputs[i]
        _affine(products[i], biases[i], x, weights_t[i], out)
        if activation == "relu":
            torch.relu_(out)
        elif activation == "tanh":
            torch.tanh_(out)
        elif activation == "logistic":
            torch.sigmoid_(out)
        x = out
    _affine(products[last], biases[last], x, weights_t[last], raw)


def _backward(
    delta: Tensor,
    x: Tensor,
    activation: str,
    products: list[int],
    weights: list[Tensor],
    weight_grads: list[Tensor],
    bias_grads: list[Tensor],
    outputs: list[Tensor],
    deltas: list[Tensor],
) -> None:
    """Write the gradients, from the gradient of the raw scores."""
    i = len(outputs)
    while i >= 0:
        entered = outputs[i - 1] if i > 0 else x
        _multiply(products[i], delta.mT, entered, weight_grads[i])
        torch.sum(delta, [-2], out=bias_grads[i])
        if i > 0:
            new = deltas[i - 1]
            _multiply(products[i], delta, weights[i], new)
            script_derive(activation, new, entered)
            delta = new
        i -= 1


def take_steps(
    activation: str,
    loss: str,
    xs: list[Tensor],
    targets: list[Tensor],
    kinds: list[int],
    products: list[list[int]],
    biases: list[list[Tensor]],
    weights: list[list[Tensor]],
    weights_t: list[list[Tensor]],
    weight_grads: list[list[Tensor]],
    bias_grads: list[list[Tensor]],
    outputs: list[list[Tensor]],
    deltas: list[list[Tensor]],
    raws: list[Tensor],
    penalized: Tensor,
    penalized_grad: Tensor,
    penalties: list[list[tuple[int, int, float]]],
    arrangements: list[int],
    counts: list[Tensor],
    groups: list[list[list[Tensor]]],
    constants: list[list[list[float]]],
    decays_apart: bool,
) -> tuple[list[Tensor], list[Tensor]]:
    """Take the steps of a block; return the losses, and the squares for the penalties.

    Parameters
    ----------
    activation : {"identity", "logistic", "tanh", "relu"}
        That of the hidden layers.
    loss : {"softmax_loss", "sigmoid_loss", "squared_loss"}
        The function of the loss.
    xs, targets : list of Tensor
        Rows of each part, see `Part`.
    kinds : list of int
        Kind of each part: nets and number of rows.
    products : list of list of int
        Products of each kind and layer: 0 for `STACKED`, 1 for `STACKED_VECTORS`, 2 for
        `ONE_BY_ONE`.
    biases, weights, weights_t, weight_grads, bias_grads, outputs, deltas, raws : list
        Layers and memory of each kind, see `Backprop`.
    penalized, penalized_grad : Tensor of shape (n_models, n_weights)
        Weights with penalties, and their gradients.
    penalties : list of list of tuple
        Of each kind: first and last net, and by what weights are added to gradients.
    arrangements : list of int
        Which arrangement of the optimisers takes the step after a part; -1 if parts of
        the step are to come.
    counts : list of Tensor
        Of each arrangement: how many steps each net has taken.
    groups : list of list of list of Tensor
        Of each arrangement: groups of one call each, which are parameters, gradients,
        both means and counts, five in turn.
    constants : list of list of list of float
        Of each group: rate, both betas, epsilon and decay.
    decays_apart : bool
        Whether it is AdamW.
    """
    values: list[Tensor] = []
    squares: list[Tensor] = []
    for part in range(len(xs)):
        k = kinds[part]
        x = xs[part]
        raw = raws[k]
        _forward(x, activation, products[k], biases[k], weights_t[k], outputs[k], raw)
        if loss == "softmax_loss":
            value, delta = softmax_loss(raw, targets[part], None)
        elif loss == "sigmoid_loss":
            value, delta = sigmoid_loss(raw, targets[part], None)
        else:
            value, delta = squared_loss(raw, targets[part], None)
        values.append(value)
        _backward(
            delta,
            x,
            activation,
            products[k],
            weights[k],
            weight_grads[k],
            bias_grads[k],
            outputs[k],
            deltas[k],
        )
        for first, last, alpha in penalties[k]:
            penalized_grad[first:last].add_(penalized[first:last], alpha=alpha)
            for own in penalized[first:last].unbind():
                squares.append(torch.dot(own, own))
        a = arrangements[part]
        if a >= 0:
            counts[a].add_(1)
            for g in range(len(constants[a])):
                group = groups[a][5 * g : 5 * g + 5]
                script_adam(group, constants[a][g], decays_apart)
    return values, squares


# The codes of products.
PRODUCTS = (STACKED, STACKED_VECTORS, ONE_BY_ONE)

# What `script_adam` takes of a group, in its order.
CONSTANTS = ("lr", "beta1", "beta2", "eps", "weight_decay")


# -- calls of it -----------------------------------------------------------------------


@functools.cache
def _compiled() -> Callable[..., tuple[list[Tensor], list[Tensor]]] | None:
    """Compile `take_steps`; None if torch cannot."""
    of_losses = share_out, total, softmax_loss, sigmoid_loss, squared_loss
    of_torch = script_derive, script_adam
    of_layers = _affine, _multiply, _forward, _backward
    return compile_script(*of_losses, *of_torch, *of_layers, take_steps)


class ScriptedSteps:
    """Steps of a pack, a call for each block of rows.

    Parameters
    ----------
    net : TensorNet
        One of the nets; module and loss are of one kind.
    penalty : StackedPenalty
        Penalties of all nets.
    steps : Steps
        Their steps.
    passes_of : callable
        From a part to its passes.
    compiled : callable
        `take_steps`, compiled.
    """

    def __init__(
        self,
        net: TensorNet,
        penalty: StackedPenalty,
        steps: Steps,
        passes_of: Callable[[Part], Backprop],
        compiled: Callable[..., tuple[list[Tensor], list[Tensor]]],
    ) -> None:
        self._take_steps = compiled
        self._kind = net.module_.activation_name, _name_of(net.criterion_)
        self._penalty, self._steps = penalty, steps
        self._passes_of = passes_of
        self._blocks: dict[int, _Block] = {}

    @classmethod
    def of(
        cls,
        nets: Sequence[TensorNet],
        penalty: StackedPenalty | BatchedPenalty,
        steps: Steps,
        passes_of: Callable[[Part], Backprop],
    ) -> "ScriptedSteps | None":
        """Make them, if all that the nets do is known to `take_steps`."""
        (net, *_) = nets
        module, compiled = net.module_, _compiled()
        if compiled is None or not isinstance(penalty, StackedPenalty):
            return None
        is_known = (
            not penalty.has_l1
            and steps.is_one_kernel
            and type(module) is MLP
            and module.activation_name in DERIVE
            and not module.dropouts
            and _name_of(net.criterion_) is not None
            and all(net.batches_.bundle.weight is None for net in nets)
        )
        return cls(net, penalty, steps, passes_of, compiled) if is_known else None

    def take(self, block: Sequence[list[Part]]) -> list[tuple[Part, Tensor]]:
        """Take the steps of a block; return the losses of each part."""
        key = id(block)  # blocks stay while the pack does
        known = self._blocks.get(key)
        if known is None:
            known = _Block.of(block, self._penalty, self._passes_of)
            self._blocks[key] = known
        arranged, arrangements = self._arrange(block)
        values, squares = self._take_steps(
            *self._kind,
            *known.arguments,
            arrangements,
            [counts for counts, _ in arranged],
            [
                [part for tensors, _ in calls for part in tensors]
                for _, calls in arranged
            ],
            [
                [[c[name] for name in CONSTANTS] for _, c in calls]
                for _, calls in arranged
            ],
            self._steps.fused.decays_apart,
        )
        self._penalty.note(known.owners, squares, known.factors)
        return list(zip(known.parts, values))

    def _arrange(self, block: Sequence[list[Part]]) -> tuple[list[Any], list[int]]:
        """Arrange the optimisers of each step, at the rates that it will have.

        Returns
        -------
        arranged : list of tuple
            Arrangements that differ, see `FusedGroups.arranged`.
        arrangements : list of int
            Their numbers, see `take_steps`.
        """
        arranged: list[Any] = []
        arrangements: list[int] = []
        for parts in block:
            self._steps.follow_schedules()
            n = parts[-1].last
            found = self._steps.fused.arranged(n)
            if not arranged or found is not arranged[-1]:
                arranged.append(found)
            arrangements += [-1] * (len(parts) - 1) + [len(arranged) - 1]
            self._steps.count(n)
        return arranged, arrangements


class _Block(NamedTuple):
    """The arguments for a block, as far as they stay.

    Parameters
    ----------
    parts : list of Part
        All its parts.
    owners : list of int
        Nets whose squares are found, in their order.
    factors : list of float
        What the squares are multiplied by.
    arguments : tuple
        Arguments of `take_steps` from `xs` to `penalties`.
    """

    parts: list[Part]
    owners: list[int]
    factors: list[float]
    arguments: tuple[Any, ...]

    @classmethod
    def of(
        cls,
        block: Sequence[list[Part]],
        penalty: StackedPenalty,
        passes_of: Callable[[Part], Backprop],
    ) -> "_Block":
        """Collect them."""
        parts = [part for step in block for part in step]
        kinds: dict[tuple[int, int, int], int] = {}
        layers, spaces, penalties = [], [], []
        owners: list[int] = []
        factors: list[float] = []
        for part in parts:
            key = part.first, part.last, part.n_rows
            if key not in kinds:
                kinds[key] = len(kinds)
                passes = passes_of(part)
                layers.append(passes.layers)
                spaces.append(passes.workspace(part.n_rows))
                penalties.append(penalty.of_kind(*key))
            _, own, by = penalties[kinds[key]]
            owners += own
            factors += by
        arguments = (
            [part.x for part in parts],
            [part.target for part in parts],
            [kinds[part.first, part.last, part.n_rows] for part in parts],
            [[PRODUCTS.index(each) for each in space.products] for space in spaces],
            *(
                [[getattr(layer, name) for layer in own] for own in layers]
                for name in ("bias", "weight", "weight_t", "weight_grad", "bias_grad")
            ),
            [space.outputs for space in spaces],
            [space.deltas for space in spaces],
            [space.raw for space in spaces],
            penalty.weights,
            penalty.grad,
            [found for found, _, _ in penalties],
        )
        return cls(parts, owners, factors, arguments)


def _name_of(loss: Loss) -> str | None:
    """Name of the loss's function, if it is one of those that are compiled."""
    is_plain = loss.knows_gradient and (
        type(loss).value_and_gradient is Loss.value_and_gradient
    )
    known = (softmax_loss, sigmoid_loss, squared_loss)
    if not is_plain or loss.written_out not in known:
        return None
    return loss.written_out.__name__
