"""Penalties and optimiser steps of several nets side by side."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import torch
from torch import Tensor

from sknn_suite.training._flat import sum_of_squares
from sknn_suite.training._net import TensorNet
from sknn_suite.training._regularization import clip_value, limit_unit_norms
from sknn_suite.training._stacked_batches import Part


def runs(keys: Sequence[Any]) -> Iterator[tuple[Any, slice]]:
    """Yield equal neighbours: their key, and where they are."""
    start = 0
    for key, equal in groupby(keys):
        stop = start + len(list(equal))
        yield key, slice(start, stop)
        start = stop


class StackedPenalty:
    """The penalties of several nets, each with its own strengths.

    Parameters
    ----------
    nets : sequence of TensorNet
        The nets.
    data, grad : Tensor of shape (n_models, n_parameters)
        Their parameters and gradients.
    """

    def __init__(self, nets: Sequence[TensorNet], data: Tensor, grad: Tensor) -> None:
        self.penalties = [net.recipe.penalty for net in nets]
        n_weights = len(nets[0].weights_)
        self.weights = data[:, :n_weights]
        self.grad = grad[:, :n_weights]
        self.rows = list(self.weights)
        self.begin_epoch()

    def begin_epoch(self) -> None:
        """Forget the values of the last epoch."""
        self._values: list[list[Tensor]] = [[] for _ in self.penalties]

    def add(self, parts: Sequence[Part]) -> None:
        """Add the penalties' gradients; note their values."""
        for part in parts:
            if part.weight is None:
                self._add_by_count(part)
            else:
                self._add_by_weight(part, part.weight)

    def _add_by_count(self, part: Part) -> None:
        n_rows = part.n_rows
        strengths = [
            (p.alpha / n_rows, p.l1_alpha / n_rows)
            for p in self.penalties[part.first : part.last]
        ]
        for (alpha, l1_alpha), models in runs(strengths):
            rows = slice(part.first + models.start, part.first + models.stop)
            if alpha > 0:
                self.grad[rows].add_(self.weights[rows], alpha=alpha)
            if l1_alpha > 0:
                self.grad[rows].add_(self.weights[rows].sign(), alpha=l1_alpha)
        for model in range(part.first, part.last):
            if self.penalties[model]:
                value = self.penalties[model].value(self.rows[model], n_rows)
                self._values[model].append(value)

    def _add_by_weight(self, part: Part, weight: Tensor) -> None:
        for model, total in zip(range(part.first, part.last), weight.sum(dim=-1)):
            penalty = self.penalties[model]
            if penalty:
                value = penalty.add_gradient(
                    self.rows[model], self.grad[model], total
                )
                self._values[model].append(value)

    def values(self) -> list[list[float]]:
        """Values of the penalties of each net at each step of the epoch."""
        return [
            torch.stack(values).tolist() if values else [] for values in self._values
        ]


class Steps:
    """Steps of several nets: limits of the gradient, optimiser, average.

    Parameters
    ----------
    nets : sequence of TensorNet
        The nets.
    """

    def __init__(self, nets: Sequence[TensorNet]) -> None:
        self.nets = nets

    def begin_epoch(self) -> None:
        """Look at what callbacks may have changed."""
        self.changing = [
            net for net in self.nets if not net.recipe.schedule.is_constant
        ]

    def follow_schedules(self) -> None:
        """Set the rates of the next step, where they change within the epoch."""
        for net in self.changing:
            net.follow_within_epoch()

    def take(self, n: int) -> None:
        """Take the step of the first `n` nets."""
        nets = self.nets[:n]
        for net in nets:
            net.limit_gradient()
        self.update(nets)
        for net in nets:
            net.after_step()
            net.recipe.schedule.after_batch()

    def update(self, nets: Sequence[TensorNet]) -> None:
        """Update the parameters."""
        for net in nets:
            net.optimizer_.step()


def make_steps(nets: Sequence[TensorNet], data: Tensor, grad: Tensor) -> Steps:
    """Make the steps of nets that have one kind of optimiser."""
    return Steps(nets)
