"""Two networks that learn against each other: one makes rows, the other judges them."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sknn_suite.data import as_tensor
from sknn_suite.device import suited_threads
from sknn_suite.doors import torch_generator
from sknn_suite.exceptions import DivergedError
from sknn_suite.imbalance._learning import Effort, EncodedRows
from sknn_suite.modules import Network, largest_weight

# Decay of momentum and of squares in Adam, those of the paper for tables.
BETAS = (0.5, 0.9)

# How hard a one-hot block is while it is learnt; zero would have no gradient.
TEMPERATURE = 0.2

# Step size of the discriminator, in those of the generator: it has to be ahead, so that
# its slopes say where real rows are (Heusel et al., "GANs Trained by a Two Time-Scale
# Update Rule", NeurIPS 2017).
AHEAD = 2.0

# Share of earlier weights in the average that makes the final rows.
DECAY = 0.99


@dataclass(frozen=True)
class Duel:
    """A conditional Wasserstein GAN with gradient penalty.

    Parameters
    ----------
    data : EncodedRows
        The real rows.
    sizes : tuple of int
        Hidden layers of both networks.
    n_components : int
        Length of the noise from which a row is made.
    n_critic : int
        Updates of the discriminator for each one of the generator.
    penalty : float
        Strength of the penalty on slopes of the discriminator other than one.
    effort : Effort
        How much to train.

    References
    ----------
    Gulrajani et al., "Improved Training of Wasserstein GANs", NeurIPS 2017.
    """

    data: EncodedRows
    sizes: tuple[int, ...]
    n_components: int
    n_critic: int
    penalty: float
    effort: Effort

    def fight(
        self, random_state: np.random.RandomState
    ) -> tuple["Generator", list[dict[str, Any]]]:
        """Train both.

        Returns
        -------
        generator, history : Generator and list of dict
            What makes rows, with the average of its weights, and a record per epoch.

        Raises
        ------
        DivergedError
            If a loss becomes NaN or infinite.
        """
        data, n_classes = self.data, len(self.data.classes)
        rows = self.effort.rows(data, random_state)
        n_inputs = data.x.shape[1]
        makes = self._network(self.n_components + n_classes, n_inputs, "relu")
        judges = self._network(n_inputs + n_classes, 1, "leaky_relu")
        place = self.effort.place(judges, len(rows))
        generator = Generator(_build(makes, place, random_state), data)
        critic = _build(judges, place, random_state)
        average = _build(makes, place, random_state)
        average.load_state_dict(generator.module.state_dict())
        draws = torch_generator(random_state, place.device)
        rate = self.effort.rate
        of_maker = torch.optim.Adam(generator.module.parameters(), rate, betas=BETAS)
        of_critic = torch.optim.Adam(critic.parameters(), rate, betas=BETAS)
        x, classes = data.x.to(place.device), data.one_hot.to(place.device)
        weight = None
        if data.weight is not None:
            weight = as_tensor(data.weight, torch.float32).to(place.device)
        history: list[dict[str, Any]] = []
        n_epochs = self.effort.n_epochs(len(rows))
        n_steps = -(-len(rows) // self.effort.batch_size)
        batches = self._batches(rows, random_state)
        step, n_all = 0, n_epochs * n_steps
        with suited_threads(largest_weight(critic) * self.effort.batch_size):
            for epoch in range(1, n_epochs + 1):
                began, sums = time.perf_counter(), torch.zeros(4, device=place.device)
                for _ in range(n_steps):
                    share = 0.5 * (1 + math.cos(math.pi * step / n_all))
                    of_maker.param_groups[0]["lr"] = rate * share
                    of_critic.param_groups[0]["lr"] = AHEAD * rate * share
                    for _ in range(self.n_critic):
                        batch = next(batches).to(place.device)
                        w = None if weight is None else weight[batch]
                        judged = self._judge(
                            critic, generator, x[batch], classes[batch], w, draws
                        )
                        of_critic.zero_grad()
                        judged[0].backward()
                        of_critic.step()
                        sums[1:] += torch.stack(judged).detach() / self.n_critic
                    loss = self._make(critic, generator, classes[batch], draws)
                    of_maker.zero_grad()
                    loss.backward()
                    of_maker.step()
                    sums[0] += loss.detach()
                    _blend(average, generator.module, min(DECAY, step / (step + 10)))
                    step += 1
                history.append(_record(epoch, sums / n_steps, rate * share, began))
        generator.module = average.eval().requires_grad_(False)
        return generator, history

    def _judge(
        self,
        critic: nn.Module,
        generator: "Generator",
        real: Tensor,
        classes: Tensor,
        weight: Tensor | None,
        draws: torch.Generator,
    ) -> list[Tensor]:
        """Loss of the discriminator, the distance that it sees, and the penalty."""
        with torch.no_grad():
            made = generator.make(classes, self._noise(classes, draws), draws)
        share = torch.rand((len(real), 1), generator=draws, device=real.device)
        between = torch.lerp(made, real, share).requires_grad_()
        scores = critic(torch.cat([between, classes], dim=1)).sum()
        (slope,) = torch.autograd.grad(scores, between, create_graph=True)
        penalty = (slope.norm(dim=1) - 1).square().mean()
        both = torch.cat([real, made])
        judged = critic(torch.cat([both, classes.repeat(2, 1)], dim=1))[:, 0]
        good, bad = judged.split(len(real))
        if weight is None:
            distance = good.mean() - bad.mean()
        else:
            distance = ((good * weight).sum() / weight.sum()) - bad.mean()
        return [self.penalty * penalty - distance, distance, penalty]

    def _make(
        self,
        critic: nn.Module,
        generator: "Generator",
        classes: Tensor,
        draws: torch.Generator,
    ) -> Tensor:
        """Loss of the generator: how real the discriminator finds what it makes."""
        made = generator.make(classes, self._noise(classes, draws), draws)
        return -critic(torch.cat([made, classes], dim=1)).mean()

    def _noise(self, classes: Tensor, draws: torch.Generator) -> Tensor:
        shape = (len(classes), self.n_components)
        return torch.randn(shape, generator=draws, device=classes.device)

    def _network(self, n_inputs: int, n_outputs: int, activation: str) -> Network:
        config = {
            "n_inputs": n_inputs,
            "hidden_layer_sizes": self.sizes,
            "n_outputs": n_outputs,
            "activation": activation,
        }
        return Network("mlp", config)

    def _batches(
        self, rows: Tensor, random_state: np.random.RandomState
    ) -> Iterator[Tensor]:
        """Yield batches of rows without end."""
        size = min(self.effort.batch_size, len(rows))
        while True:
            order = as_tensor(random_state.permutation(len(rows)))
            for start in range(0, len(rows) - size + 1, size):
                yield rows[order[start : start + size]]


class Generator:
    """Makes encoded rows from noise and classes.

    Parameters
    ----------
    module : nn.Module
        The network, whose raw outputs are scores and logits of blocks.
    data : EncodedRows
        The real rows, for their columns.
    """

    def __init__(self, module: nn.Module, data: EncodedRows) -> None:
        self.module = module
        self.n_numbers = data.n_numbers
        self.block_sizes = data.block_sizes

    def make(self, classes: Tensor, noise: Tensor, draws: torch.Generator) -> Tensor:
        """Make rows; blocks are nearly one-hot, and have a gradient.

        References
        ----------
        Jang, Gu & Poole, "Categorical Reparameterization with Gumbel-Softmax", ICLR
        2017.
        """
        raw = self.module(torch.cat([noise, classes], dim=1))
        if not self.block_sizes:
            return raw
        numbers, *blocks = raw.split([self.n_numbers, *self.block_sizes], dim=1)
        drawn = [
            F.softmax((block + _gumbel(block, draws)) / TEMPERATURE, dim=1)
            for block in blocks
        ]
        return torch.cat([numbers, *drawn], dim=1)


def _gumbel(like: Tensor, draws: torch.Generator) -> Tensor:
    """Draw from Gumbel's distribution; the largest of sums with logits is a draw."""
    exponential = torch.empty_like(like).exponential_(generator=draws)
    return -exponential.clamp(min=1e-20).log()


def _build(network: Network, place: Any, random_state: np.random.RandomState) -> Any:
    module: Any = network.build(place.device, place.dtype)
    module.reset_parameters("he", random_state)
    return module.train()


@torch.no_grad()
def _blend(average: nn.Module, module: nn.Module, decay: float) -> None:
    """Move an average of weights towards those of a module."""
    pairs = zip(average.parameters(), module.parameters())
    for kept, new in pairs:
        kept.lerp_(new, 1 - decay)


def _record(epoch: int, means: Tensor, rate: float, began: float) -> dict[str, Any]:
    """Record of an epoch; its losses are read back only here."""
    maker, critic, distance, penalty = means.tolist()
    if not math.isfinite(maker + critic):
        raise DivergedError(
            f"The losses became {maker:g} (generator) and {critic:g} (discriminator) "
            f"in epoch {epoch}. Expected finite numbers. Lower learning_rate_init."
        )
    return {
        "epoch": epoch,
        "generator_loss": maker,
        "discriminator_loss": critic,
        "distance": distance,
        "penalty": penalty,
        "learning_rate": rate,
        "seconds": time.perf_counter() - began,
    }
