"""Multi-layer perceptrons for mixed tables, several side by side."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sknn_suite.data import as_tensor
from sknn_suite.modules._dropout import OwnedRandomness
from sknn_suite.modules._mean_of_models import mean_of_models
from sknn_suite.modules._mish import mish
from sknn_suite.modules._monotone import NOT_READ, MonotoneWeights
from sknn_suite.modules._number_embedding import NumberEmbedding
from sknn_suite.modules._pack_linear import PackLinear
from sknn_suite.modules._size import VALUES_PER_UNIT

# Numbers that stand for a category with many levels.
EMBEDDING_SIZE = 8

# Deviation of initial embeddings: all numbers of a category together weigh about as
# much as one column of numbers. Categories of many levels would drown the others
# otherwise, where rows are few: with a deviation of one the log-loss on 800 rows of
# adult is .342 instead of .335 (four members, one split).
EMBEDDING_DEVIATION = EMBEDDING_SIZE**-0.5

# Share of the cells of categories that training replaces by "unknown".
UNKNOWN = 0.01

# Deviation of the first weights of the scores, where these must not be zero.
MONOTONE_OUTPUT = 0.01

# Activations by name; all map zero to zero.
_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "selu": F.selu,
    "mish": mish,
    "relu": F.relu,
    "silu": F.silu,
}

# Share of the learning rate of each part, as in RealMLP but for the waves. It has 0.1
# for these, and about five times as many updates to learn them in: here the RMSE on
# california_housing (15,480 rows) was 48,500 so, and 47,000 with 0.5. With waves three
# times as short it was 46,900, 46,000 with 0.5 and 45,800 with 1.
_SHARES = {"waves": 1.0, "embedding": 1.0, "scale": 6.0, "weight": 1.0, "bias": 0.1}


class TabularPack(OwnedRandomness, nn.Module):
    """Several multi-layer perceptrons over the inputs of `MixedTableEncoder`.

    Each model has its own embeddings of numbers and of categories, its own factor for
    each input, depth, width, dropout and learning rate. Models with more layers come
    first. A model with fewer units than the widest has zeros for the weights into and
    out of the others, which stay zeros: their gradients are.

    Parameters
    ----------
    n_numbers, n_flags : int
        Numbers that are embedded, and that are read as they are.
    n_choices, n_codes : sequence of int
        Levels of each category that becomes one-hot, and that is embedded.
    n_outputs : int
        Raw scores per row.
    sizes : sequence of sequence of int
        Units of the hidden layers of each model.
    dropout, rates : sequence of float
        Of each model: probability that a unit is dropped, factor of the learning rate.
    activation : str, default="selu"
        "selu", "mish", "relu" or "silu".
    signs : sequence of int, default=()
        For each number and flag 1 if all scores rise with it, -1 if they fall, 0 if
        they may do both, and `NOT_READ`; see `MonotoneWeights`. The activation must
        rise, as "selu" and "relu" do.
    link : str or None, default=None
        A name in `LINKS`: the scores are those of the mean of all models' predictions,
        weighted by `share`, times `sharpness`. None gives each model's scores.
    device : torch.device or str, default="meta"
        Where parameters live, see `MLP`.

    Shape
    -----
    numbers, flags : (n_samples, n_numbers) and (n_samples, n_flags), float
    choices, codes : (n_samples, n_choices) and (n_samples, n_codes), int64
    returns : (n_models, n_samples, n_outputs); (n_samples, n_outputs) with a link

    References
    ----------
    Holzmüller, Grinsztajn & Steinwart, "Better by Default: Strong Pre-Tuned MLPs and
    Boosted Trees on Tabular Data", NeurIPS 2024, for the parts of a model; Gorishniy,
    Kotelnikov & Babenko, "TabM: Advancing Tabular Deep Learning with Parameter-
    Efficient Ensembling", ICLR 2025, for many of them in one program.

    Examples
    --------
    >>> import torch
    >>> from sknn_suite.modules import TabularPack
    >>> pack = TabularPack(2, 1, (3,), (), 1, ((8, 8), (8,)), (0.1, 0.1), (1.0, 1.0))
    >>> sum(p.numel() for p in pack.models()[0])
    363
    """

    linears: Any
    output: Any
    first_choice: Tensor
    first_code: Tensor
    kept: Tensor
    share: Tensor
    sharpness: Tensor

    def __init__(
        self,
        n_numbers: int,
        n_flags: int,
        n_choices: Sequence[int],
        n_codes: Sequence[int],
        n_outputs: int,
        sizes: Sequence[Sequence[int]],
        dropout: Sequence[float],
        rates: Sequence[float],
        activation: str = "selu",
        signs: Sequence[int] = (),
        link: str | None = None,
        device: torch.device | str = "meta",
    ) -> None:
        super().__init__()
        n_models = len(sizes)
        self.sizes = [tuple(own) for own in sizes]
        self.rates = tuple(rates)
        self.n_inputs = n_numbers + n_flags + sum(n_choices)
        self.link = link
        self.activate = _ACTIVATIONS[activation]
        self.waves = None
        if n_numbers:
            self.waves = NumberEmbedding(n_models, n_numbers, device=device)
            self.n_inputs += n_numbers * self.waves.n_functions
        self.embedding = None
        if n_codes:
            self.embedding = nn.Parameter(
                torch.empty(n_models, sum(n_codes), EMBEDDING_SIZE, device=device)
            )
            self.n_inputs += len(n_codes) * EMBEDDING_SIZE
        self.scale = nn.Parameter(torch.empty(n_models * self.n_inputs, device=device))
        self.monotone = None
        if any(signs):
            bound = [*signs, *(0 for _ in range(sum(n_choices)))]
            if self.waves is not None:  # waves rise and fall
                of_numbers = signs[:n_numbers]
                n_functions = self.waves.n_functions
                bound += np.repeat(np.abs(of_numbers) * NOT_READ, n_functions).tolist()
            bound += [0] * (self.n_inputs - len(bound))
            self.monotone = MonotoneWeights([min(sign, NOT_READ) for sign in bound])
        depth = max(len(own) for own in sizes)
        width = [max(own[i] for own in sizes if len(own) > i) for i in range(depth)]
        # Models that have a layer; they come first.
        self.n_with = [sum(len(own) > i for own in sizes) for i in range(depth)]
        self.linears = nn.ModuleList()
        for i, (n_in, n_out) in enumerate(zip([self.n_inputs, *width], width)):
            own = self.rates[: self.n_with[i]]
            self.linears.append(PackLinear(own, n_in, n_out, device))
        self.output = PackLinear(self.rates, width[-1], n_outputs, device)
        if len({width[len(own) - 1] for own in sizes}) > 1:
            raise ValueError(f"Last layers must be of one width, however: {sizes=}")
        self.n_choices = sum(n_choices)
        starts = torch.tensor([0, *np.cumsum(n_choices)][:-1], dtype=torch.int64)
        self.register_buffer("first_choice", starts, persistent=False)
        starts = torch.tensor([0, *np.cumsum(n_codes)][:-1], dtype=torch.int64)
        self.register_buffer("first_code", starts, persistent=False)
        kept = 1 - torch.tensor(tuple(dropout), dtype=torch.float32).view(-1, 1, 1)
        self.register_buffer("kept", kept, persistent=False)
        self.drops = any(dropout)
        if link is not None:
            self.register_buffer("share", torch.empty(n_models, device=device))
            self.register_buffer("sharpness", torch.empty(1, device=device))

    # -- parts -----------------------------------------------------------------------

    def depth_groups(self) -> list[list[nn.Parameter]]:
        """Parameters by their share of the rate, from input to output."""
        return [parameters for _, parameters in self._groups()]

    def rate_shares(self) -> list[float]:
        """Share of the learning rate of each group."""
        return [share for share, _ in self._groups()]

    def _groups(self) -> list[tuple[float, list[nn.Parameter]]]:
        linears = [*self.linears, self.output]
        groups = {
            "waves": [] if self.waves is None else list(self.waves.parameters()),
            "embedding": [] if self.embedding is None else [self.embedding],
            "scale": [self.scale],
            "weight": [linear.weight for linear in linears],
            "bias": [linear.bias for linear in linears],
        }
        return [(_SHARES[name], group) for name, group in groups.items() if group]

    def values_per_row(self) -> int:
        """Numbers that a training step keeps for each row."""
        n_waves = 0 if self.waves is None else self.waves.frequency.numel()
        n_units = sum(map(sum, self.sizes)) + len(self.sizes) * self.n_inputs
        return VALUES_PER_UNIT * n_units + 3 * n_waves

    def models(self) -> list[list[Tensor]]:
        """Parameters of each model."""
        own: list[list[Tensor]] = [[] for _ in self.sizes]
        for tensor, n_models in self.stacked().values():
            for model, part in zip(own, tensor.detach().view(n_models, -1)):
                model.append(part)
        return own

    def stacked(self) -> dict[str, tuple[Tensor, int]]:
        """Each parameter by its name, with the number of models that have it."""
        n_of: dict[str, int] = {}
        for i, n_models in enumerate(self.n_with):
            n_of |= {f"linears.{i}.weight": n_models, f"linears.{i}.bias": n_models}
        n_all = len(self.sizes)
        return {n: (p, n_of.get(n, n_all)) for n, p in self.named_parameters()}

    def reset_parameters(
        self, scales: np.ndarray, random_state: np.random.RandomState
    ) -> None:
        """Draw initial weights; `scales` are those of the waves of each model."""
        if self.waves is not None:
            self.waves.reset_parameters(scales, random_state)
        with torch.no_grad():
            if self.embedding is not None:
                drawn = random_state.normal(size=tuple(self.embedding.shape))
                self.embedding.copy_(as_tensor(drawn * EMBEDDING_DEVIATION))
            self.scale.fill_(1.0)
            for i, linear in enumerate(self.linears):
                self._draw(i, linear, random_state)
            self.output.weight.zero_()
            self.output.bias.zero_()
            if self.monotone is not None:  # the amount of zero has no gradient
                shape = tuple(self.output.weight.shape)
                drawn = random_state.normal(size=shape) * MONOTONE_OUTPUT
                self.output.weight.copy_(as_tensor(drawn))

    def _draw(
        self, i: int, linear: PackLinear, random_state: np.random.RandomState
    ) -> None:
        weight: Tensor = linear.weight
        drawn = random_state.normal(size=tuple(weight.shape))
        bias = random_state.normal(size=(len(weight), weight.shape[2]))
        for m, sizes in enumerate(self.sizes[: len(weight)]):
            drawn[m] /= self.rates[m]
            drawn[m, :, sizes[i] :] = 0.0
            bias[m, sizes[i] :] = 0.0
            if i > 0:
                drawn[m, sizes[i - 1] :] = 0.0
        weight.copy_(as_tensor(drawn))
        linear.bias.copy_(as_tensor(bias.ravel()))

    @torch.no_grad()
    def suit_rows(
        self, numbers: Tensor, flags: Tensor, choices: Tensor, codes: Tensor
    ) -> None:
        """Scale the weights of each layer so that its sums deviate by one on rows."""
        x = self._read(numbers, flags, choices, codes) * self._scale()
        for i, linear in enumerate(self.linears):
            x = x[: self.n_with[i]] * linear.factor
            weight: Tensor = linear.weight
            sums = torch.bmm(x, self._weight(i))
            middle = torch.zeros_like(sums[:, :1])
            if self.monotone is not None:  # sums of one sign are far from zero
                middle = sums.mean(dim=1, keepdim=True)
            deviation = (sums - middle).std(dim=(1, 2), keepdim=True).clamp_min(1e-3)
            weight /= deviation
            if self.monotone is not None:
                linear.bias -= (middle / deviation).flatten()
            x = self.activate(linear(x, self._weight(i)))

    # -- forward ---------------------------------------------------------------------

    def forward(
        self, numbers: Tensor, flags: Tensor, choices: Tensor, codes: Tensor
    ) -> Tensor:
        x = self._hidden(numbers, flags, choices, codes, self.output.factor)
        raw = self.output(x, self._last_weight())
        if self.link is None:
            return raw
        return mean_of_models(raw, self.share, self.link) * self.sharpness

    @property
    def n_features(self) -> int:
        """Number of `features`."""
        return len(self.sizes) * self.output.weight.shape[1]

    def features(
        self, numbers: Tensor, flags: Tensor, choices: Tensor, codes: Tensor
    ) -> Tensor:
        """Units of the last hidden layers, (n_samples, n_features), side by side."""
        ones = torch.ones_like(self.output.factor)
        units = self._hidden(numbers, flags, choices, codes, ones)
        return units.transpose(0, 1).flatten(1)

    def _hidden(
        self,
        numbers: Tensor,
        flags: Tensor,
        choices: Tensor,
        codes: Tensor,
        factor: Tensor,
    ) -> Tensor:
        """Units of the last hidden layer, each model's times its factor."""
        if self.training:
            choices, codes = self._forget(choices), self._forget(codes)
        first = self.linears[0]
        scale = self._scale() * first.factor
        x = self._read(numbers, flags, choices, codes) * scale
        done = []
        for i, linear in enumerate(self.linears):
            x = self.activate(linear(x, self._weight(i)))
            n_next = self.n_with[i + 1] if i + 1 < len(self.n_with) else 0
            if n_next < len(x):
                own = factor[n_next : len(x)]
                done.append(self._drop(x[n_next:], own, n_next))
                x = x[:n_next]
            if n_next:
                after = self.linears[i + 1]
                x = self._drop(x, after.factor, 0)
        return done[0] if len(done) == 1 else torch.cat(done[::-1])

    def _drop(self, x: Tensor, factor: Tensor, first: int) -> Tensor:
        """Multiply by a factor, and set some units to zero in training."""
        if not (self.training and self.drops):
            return x * factor.to(x.dtype)
        # Models drop the units that have the largest of the same random numbers.
        chance = torch.empty(x.shape[1:], device=x.device)
        chance.uniform_(generator=self.generator)
        kept = self.kept[first : first + len(x)]
        return x * ((chance < kept) * (factor / kept)).to(x.dtype)

    def _scale(self) -> Tensor:
        scale = self.scale.view(len(self.sizes), 1, -1)
        return scale if self.monotone is None else self.monotone.scale(scale)

    def _weight(self, i: int) -> Tensor:
        """Weights of a hidden layer, with their signs."""
        weight: Tensor = self.linears[i].weight
        if self.monotone is None:
            return weight
        return self.monotone.later(weight) if i else self.monotone.first(weight)

    def _last_weight(self) -> Tensor:
        weight: Tensor = self.output.weight
        return weight if self.monotone is None else self.monotone.last(weight)

    def plain_weights(self) -> dict[str, Tensor]:
        """Parameters of the same pack without `signs`, as far as they differ."""
        found = {"scale": self._scale().flatten()}
        for i in range(len(self.linears)):
            found[f"linears.{i}.weight"] = self._weight(i)
        return found | {"output.weight": self._last_weight()}

    def _read(
        self, numbers: Tensor, flags: Tensor, choices: Tensor, codes: Tensor
    ) -> Tensor:
        """All inputs side by side, (n_models, n_samples, n_inputs)."""
        n_models = len(self.sizes)
        parts = [numbers, flags]
        if self.n_choices:
            # torch.export would take len(choices) for a constant.
            one_hot = numbers.new_zeros(choices.shape[0], self.n_choices)
            parts.append(one_hot.scatter_(1, choices + self.first_choice, 1.0))
        shared = torch.cat(parts, dim=1).expand(n_models, -1, -1)
        own = [shared]
        if self.waves is not None:
            own.append(self.waves(numbers))
        if self.embedding is not None:
            vectors = self.embedding[:, codes + self.first_code]
            own.append(vectors.flatten(2))
        return torch.cat(own, dim=2)

    def _forget(self, codes: Tensor) -> Tensor:
        """Replace some codes by that of unknown levels."""
        if not codes.shape[1]:
            return codes
        known = torch.empty(codes.shape, device=codes.device)
        known.uniform_(generator=self.generator)
        return codes * (known > UNKNOWN)
