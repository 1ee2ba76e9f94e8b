"""Pack: nets of one program that train side by side, as one stacked program."""

import threading
import time
from collections.abc import Sequence

import torch
from torch import Tensor

from sknn_suite.device import suited_threads
from sknn_suite.modules import largest_weight
from sknn_suite.training._backprop import Backprop
from sknn_suite.training._net import TensorNet
from sknn_suite.training._observers import Trajectory
from sknn_suite.training._products import empty_rows
from sknn_suite.training._scripted_steps import ScriptedSteps
from sknn_suite.training._stacked_batches import Part, StackedBatches, by_net
from sknn_suite.training._stacked_steps import Steps, make_penalty


class Pack:
    """Nets of one program that train side by side.

    All parameters are one buffer, (n_models, n_parameters), and so are the gradients.
    Products, losses and steps are computed for all nets at once; all else is each net's
    own: its rows and their order, its rates and penalties, its epochs and their end.
    Nets that are done leave, and the others close up.

    Parameters
    ----------
    trajectories : sequence of Trajectory
        Nets that are ready to train.
    stop : threading.Event
        Set when training should end with a KeyboardInterrupt.
    """

    def __init__(
        self, trajectories: Sequence[Trajectory], stop: threading.Event
    ) -> None:
        self.members = list(trajectories)
        self.stop = stop

    @torch.no_grad()
    def train(self) -> None:
        """Train until all have their results."""
        if not self.members:
            return
        net = self.members[0].net
        work = net.batch_size * largest_weight(net.module_)
        with suited_threads(work, only_products=False):  # layers of all nets are large
            for member in self.members:
                member.begin()
            self._close_up()
            while self.members:
                if self.stop.is_set():
                    raise KeyboardInterrupt
                self._train_epoch()
                if any(member.is_over for member in self.members):
                    self._close_up()

    def _close_up(self) -> None:
        """Stack the nets that are still in training."""
        self.members = [member for member in self.members if not member.is_over]
        if not self.members:
            return
        self.members.sort(key=lambda member: -len(member.plan.train))
        self.nets: list[TensorNet] = [member.net for member in self.members]
        like = self.nets[0].flat_.data
        self.data = empty_rows(like, len(self.nets), len(like))
        self.grad = empty_rows(like, len(self.nets), len(like)).zero_()
        for net, data, grad in zip(self.nets, self.data, self.grad):
            net.move(data, grad)
        self._passes: dict[tuple[int, int], Backprop] = {}
        self._batches = StackedBatches([net.batches_ for net in self.nets])
        self._penalty = make_penalty(self.nets, self.data, self.grad)
        self._steps = Steps(self.nets)
        whole = self.nets, self._penalty, self._steps
        self._script = ScriptedSteps.of(*whole, self._passes_of)

    def _train_epoch(self) -> None:
        started = time.perf_counter()
        for member in self.members:
            member.begin_epoch()
        if any(member.is_over or member.has_hooks for member in self.members):
            self._close_up_within_epoch()
            if not self.members:
                return
            started = time.perf_counter()
        for net in self.nets:  # the passes do not look at the mode of a module
            if not net.criterion_.training:
                net.criterion_.train()
        losses: list[tuple[Part, Tensor]] = []
        self._steps.begin_epoch()
        self._penalty.begin_epoch()
        take = self._take if self._script is None else self._script.take
        for block in self._batches:
            losses += take(block)
        self._end_epoch(losses, started)

    def _take(self, block: Sequence[list[Part]]) -> list[tuple[Part, Tensor]]:
        """Take the steps of a block; return the losses of each part."""
        losses: list[tuple[Part, Tensor]] = []
        for parts in block:
            self._steps.follow_schedules()
            losses += [(part, self._gradient(part)) for part in parts]
            self._penalty.add(parts)
            self._steps.take(parts[-1].last)
        return losses

    def _close_up_within_epoch(self) -> None:
        """Go on without nets whose callbacks have failed, or registered hooks."""
        hooked = [member for member in self.members if member.has_hooks]
        for member in hooked:
            member.leave()
        self.members = [member for member in self.members if member not in hooked]
        self._close_up()
        for member in hooked:
            with torch.enable_grad():
                member.train(self.stop, is_begun=True)

    def _gradient(self, part: Part) -> Tensor:
        """Write the gradients of a part of the nets; return their losses."""
        value, _ = self._passes_of(part)(part.x, part.target, part.weight)
        return value

    def _passes_of(self, part: Part) -> Backprop:
        """Make the passes of a part's nets, or take those that were made."""
        models = part.first, part.last
        passes = self._passes.get(models)
        if passes is None:
            rows = slice(*models)
            net, *others = self.nets[rows]
            passes = self._passes[models] = Backprop(
                net.module_,
                net.criterion_,
                net.flat_,
                others=[(other.module_, other.criterion_) for other in others],
                stack=(self.data[rows], self.grad[rows]),
            )
        self._n_outputs = passes.layers[-1].n_outputs
        return passes

    def _end_epoch(self, losses: list[tuple[Part, Tensor]], started: float) -> None:
        """Give each net its losses, and let it end its epoch."""
        penalties = self._penalty.values()
        parts, values = zip(*losses)
        own_losses = by_net(len(self.nets), parts, values)
        records: list[dict[str, list[float]]] = [
            {"losses": own, "sizes": sizes}
            for own, sizes in zip(own_losses, self._batches.all_sizes)
        ]
        seconds = (time.perf_counter() - started) / len(self.nets)
        for member, record, penalty in zip(self.members, records, penalties):
            if penalty:
                record["penalties"] = penalty
            member.net.n_outputs_ = self._n_outputs
            begun = time.perf_counter()
            member.end_epoch(record, seconds + time.perf_counter() - begun)
