"""Penalties and optimiser steps of several nets side by side."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import torch
from torch import Tensor

from sknn_suite.training._net import TensorNet
from sknn_suite.training._optimizers import FusedGroups
from sknn_suite.training._stacked_batches import Part, by_net


def runs(keys: Sequence[Any], first: int = 0) -> Iterator[tuple[Any, slice]]:
    """Yield equal neighbours: their key, and where they are, counted from `first`."""
    start = first
    for key, equal in groupby(keys):
        stop = start + len(list(equal))
        yield key, slice(start, stop)
        start = stop


class Penalized:
    """Weights of several nets, and what their penalties add to.

    Parameters
    ----------
    nets : sequence of TensorNet
        The nets.
    data, grad : Tensor of shape (n_models, n_parameters)
        Their parameters and gradients.
    """

    def __init__(self, nets: Sequence[TensorNet], data: Tensor, grad: Tensor) -> None:
        self.penalties = [net.recipe.penalty for net in nets]
        self.has_any = any(self.penalties)
        self.has_l1 = any(p.l1_alpha > 0 for p in self.penalties)
        n_weights = len(nets[0].weights_)
        self.weights = data[:, :n_weights]
        self.grad = grad[:, :n_weights]


class StackedPenalty(Penalized):
    """The penalties of several nets, each with its own strengths.

    The parameters are those of `Penalized`.
    """

    def __init__(self, nets: Sequence[TensorNet], data: Tensor, grad: Tensor) -> None:
        super().__init__(nets, data, grad)
        self.rows = list(zip(self.weights, self.grad))
        # What is done for nets `first` to `last - 1` with batches of one size.
        self._plans: dict[tuple[int, int, int], list[tuple]] = {}
        self.begin_epoch()

    def begin_epoch(self) -> None:
        """Forget the values of the last epoch."""
        self._values: list[Tensor] = []
        self._factors: list[float] = []
        self._owners: list[int] = []

    def add(self, parts: Sequence[Part]) -> None:
        """Add the penalties' gradients; note their values."""
        if not self.has_any:
            return
        for part in parts:
            if part.weight is None:
                self._add_by_count(part.first, part.last, part.n_rows)
            else:
                self._add_by_weight(part.first, part.weight)

    def _add_by_count(self, first: int, last: int, n_rows: int) -> None:
        key = first, last, n_rows
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = self._plan(*key)
        for grad, weights, alpha, l1_alpha in plan:
            if alpha > 0:
                grad.add_(weights, alpha=alpha)
            if l1_alpha > 0:
                grad.add_(weights.sign(), alpha=l1_alpha)
        for model in range(first, last):
            penalty = self.penalties[model]
            if not penalty:
                continue
            weights = self.rows[model][0]
            if penalty.l1_alpha > 0:
                self._note(model, penalty.value(weights, n_rows))
            else:  # the factor waits for the end of the epoch
                squares = torch.dot(weights, weights)
                self._note(model, squares, 0.5 * penalty.alpha / n_rows)

    def of_kind(self, first: int, last: int, n_rows: int) -> tuple[list, list, list]:
        """Say what `take_steps` does for nets `first` to `last - 1`, without l1.

        Returns
        -------
        runs : list of tuple of int, int and float
            First net, the one after the last, and what weights are multiplied by.
        owners : list of int
            Nets whose squares are found.
        factors : list of float
            What their squares are multiplied by.
        """
        found = [
            (models.start, models.stop, alpha)
            for (alpha, _), models in self._strengths(first, last, n_rows)
            if alpha > 0
        ]
        owners = [m for start, stop, _ in found for m in range(start, stop)]
        factors = [0.5 * self.penalties[m].alpha / n_rows for m in owners]
        return found, owners, factors

    def note(
        self, owners: list[int], values: list[Tensor], factors: list[float]
    ) -> None:
        """Note values of penalties, which are multiplied by factors."""
        self._owners += owners
        self._values += values
        self._factors += factors

    def _note(self, model: int, value: Tensor, factor: float = 1.0) -> None:
        self._values.append(value)
        self._factors.append(factor)
        self._owners.append(model)

    def _plan(self, first: int, last: int, n_rows: int) -> list[tuple]:
        return [
            (self.grad[models], self.weights[models], *strength)
            for strength, models in self._strengths(first, last, n_rows)
        ]

    def _strengths(
        self, first: int, last: int, n_rows: int
    ) -> Iterator[tuple[Any, slice]]:
        """Yield strengths by which weights are added to gradients, and their nets."""
        strengths = [
            (p.alpha / n_rows, p.l1_alpha / n_rows) for p in self.penalties[first:last]
        ]
        return runs(strengths, first)

    def _add_by_weight(self, first: int, weight: Tensor) -> None:
        for model, total in enumerate(weight.sum(dim=-1), first):
            penalty = self.penalties[model]
            if penalty:
                value = penalty.add_gradient(*self.rows[model], total)
                self._note(model, value)

    def values(self) -> list[list[float]]:
        """Values of the penalties of each net at each step of the epoch."""
        by_model: list[list[float]] = [[] for _ in self.penalties]
        if self._values:
            values = torch.stack(self._values)
            values *= values.new_tensor(self._factors)
            for model, value in zip(self._owners, values.tolist()):
                by_model[model].append(value)
        return by_model


class BatchedPenalty(Penalized):
    """What `StackedPenalty` does, in a few calls for all nets.

    On a GPU a call takes longer than its arithmetic. Values and gradients agree with
    those of single nets to rounding. The parameters are those of `Penalized`.
    """

    def __init__(self, nets: Sequence[TensorNet], data: Tensor, grad: Tensor) -> None:
        super().__init__(nets, data, grad)
        self.alpha, self.l1_alpha = (
            data.new_tensor(column).unsqueeze(1)
            for column in zip(*((p.alpha, p.l1_alpha) for p in self.penalties))
        )
        self.begin_epoch()

    def begin_epoch(self) -> None:
        """Forget the values of the last epoch."""
        self._values: list[Tensor] = []
        self._parts: list[Part] = []

    def add(self, parts: Sequence[Part]) -> None:
        """Add the penalties' gradients; note their values."""
        if not self.has_any:
            return
        for part in parts:
            models = slice(part.first, part.last)
            total: Any = part.n_rows
            if part.weight is not None:
                total = part.weight.sum(dim=-1, keepdim=True)
            weights, grad = self.weights[models], self.grad[models]
            alpha = self.alpha[models] / total
            grad.addcmul_(weights, alpha)
            value = weights.square().sum(dim=-1, keepdim=True) * alpha * 0.5
            if self.has_l1:
                l1_alpha = self.l1_alpha[models] / total
                grad.addcmul_(weights.sign(), l1_alpha)
                value += weights.abs().sum(dim=-1, keepdim=True) * l1_alpha
            self._values.append(value.squeeze(1))
            self._parts.append(part)

    def values(self) -> list[list[float]]:
        """Values of the penalties of each net at each step of the epoch."""
        values = by_net(len(self.penalties), self._parts, self._values)
        return [own if p else [] for own, p in zip(values, self.penalties)]


def make_penalty(
    nets: Sequence[TensorNet], data: Tensor, grad: Tensor
) -> StackedPenalty | BatchedPenalty:
    """Make the penalties of several nets, as suits their device."""
    kind = StackedPenalty if data.device.type == "cpu" else BatchedPenalty
    return kind(nets, data, grad)


class Steps:
    """Steps of several nets: limits of the gradient, optimiser, average.

    Parameters
    ----------
    nets : sequence of TensorNet
        The nets.
    """

    def __init__(self, nets: Sequence[TensorNet]) -> None:
        self.nets = nets
        self._limited = [
            (i, net) for i, net in enumerate(nets) if net.recipe.limits_gradient
        ]
        self._followed = [
            (i, net) for i, net in enumerate(nets) if net.recipe.follows_steps
        ]
        self._fused = FusedGroups.of([net.optimizer_ for net in nets])

    @property
    def is_one_kernel(self) -> bool:
        """Whether a step is the kernel of the optimisers, and nothing else."""
        return not (self._limited or self._followed or self._fused is None)

    @property
    def fused(self) -> FusedGroups:
        """The kernel of the optimisers, if `is_one_kernel`."""
        assert self._fused is not None
        return self._fused

    def begin_epoch(self) -> None:
        """Look at what callbacks and schedules have changed."""
        self.changing = [
            net for net in self.nets if not net.recipe.schedule.is_constant
        ]
        self._read_rates()

    def _read_rates(self) -> None:
        if self._fused is not None:
            self._fused.read()

    def follow_schedules(self) -> None:
        """Set the rates of the next step, where they change within the epoch."""
        if self.changing:
            for net in self.changing:
                net.follow_within_epoch()
            self._read_rates()

    def take(self, n: int) -> None:
        """Take the step of the first `n` nets."""
        for i, net in self._limited:
            if i < n:
                net.limit_gradient()
        if self._fused is not None:
            self._fused.step(n)
        else:
            for net in self.nets[:n]:
                net.optimizer_.step()
        for i, net in self._followed:
            if i < n:
                net.after_step()
        self.count(n)

    def count(self, n: int) -> None:
        """Take note that the first `n` nets have taken a step."""
        for net in self.nets[:n]:
            net.recipe.schedule.after_batch()
