"""Modules for mixed tables: what their encoder does, and the network."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sknn_suite.encoding import MixedTableEncoder
from sknn_suite.encoding._numbers import CLIP
from sknn_suite.export._calendar import parts_of_dates
from sknn_suite.export._columns import describe_columns


class Columns(nn.Module):
    """What `MixedTableEncoder` does after its codes and n-grams, in float64.

    Parameters
    ----------
    encoder : MixedTableEncoder
        What has been learnt.
    dtype : torch.dtype
        Type of the network's numbers.

    Shape
    -----
    numbers : (n, n_numbers), NaN for gaps
    dates : (n, n_dates), float64, seconds since 1970, NaN for gaps
    categories : (n, n_categories), int64
    texts : (n, n_texts, n_buckets)
    returns : what `TabularPack` reads: numbers, flags, choices, codes
    """

    center: Tensor
    scale: Tensor
    ranks: Tensor
    plain: Tensor
    others: Tensor
    gaps: Tensor
    heavy: Tensor
    mostly: Tensor
    choices: Tensor
    codes: Tensor

    def __init__(self, encoder: MixedTableEncoder, dtype: torch.dtype) -> None:
        super().__init__()
        self.dtype = dtype
        numbers, strings = encoder.numbers_, encoder.strings_
        self.first = [float(first) for first in encoder.dates_.first_]
        self.parts = encoder.dates_.parts_
        arrays = {
            "center": numbers.center_,
            "scale": numbers.scale_,
            "ranks": numbers.ranks_,
            "plain": np.flatnonzero(numbers.is_plain_),
            "others": np.flatnonzero(~numbers.is_plain_),
            "gaps": np.flatnonzero(numbers.has_gaps_),
            "heavy": numbers.heavy_,
            "mostly": np.flatnonzero(numbers.is_mostly_one_),
            "choices": np.flatnonzero(encoder.is_choice_),
            "codes": np.flatnonzero(~encoder.is_choice_),
        }
        for name, array in arrays.items():
            self.register_buffer(name, torch.tensor(array))
        self.n_texts = len(strings.directions_)
        for i, (rarity, directions, center) in enumerate(
            zip(strings.rarity_, strings.directions_, strings.center_)
        ):
            weighted = rarity.astype(np.float64)[:, None] * directions
            self.register_buffer(f"directions_{i}", torch.tensor(weighted))
            self.register_buffer(f"text_center_{i}", torch.tensor(center))

    def forward(
        self, numbers: Tensor, dates: Tensor, categories: Tensor, texts: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        given = torch.cat([numbers.double(), *self._dates(dates)], dim=1)
        gaps = given.isnan()
        values = torch.where(gaps, self.center, given)
        z = ((values - self.center) * self.scale).clamp(-1e30, 1e30)
        z = z / torch.hypot(torch.ones_like(z), z / CLIP)
        known = torch.where(gaps, 0.0, given)[:, self.heavy]
        there = ~gaps[:, self.heavy]
        twins = self._normal_scores(known) * there
        other = there & (known != self.center[self.heavy])
        weight = torch.ones_like(twins)
        weight[:, self.mostly] = other[:, self.mostly].to(twins.dtype)
        flags = [z[:, self.plain], gaps[:, self.gaps], other[:, self.mostly]]
        flags += [self._directions(texts[:, i], i) for i in range(self.n_texts)]
        return (
            torch.cat([z[:, self.others], twins * weight], dim=1).to(self.dtype),
            torch.cat([flag.double() for flag in flags], dim=1).to(self.dtype),
            categories[:, self.choices],
            categories[:, self.codes],
        )

    def _dates(self, seconds: Tensor) -> list[Tensor]:
        found = []
        for i, (first, kept) in enumerate(zip(self.first, self.parts)):
            column = seconds[:, i : i + 1].double()
            gaps = column.isnan()
            known = torch.where(gaps, 0.0, column)
            parts = parts_of_dates(known, first, kept, torch.floor, torch.sin)
            found += [torch.where(gaps, torch.nan, part) for part in parts]
        return found

    def _directions(self, grams: Tensor, i: int) -> Tensor:
        directions = getattr(self, f"directions_{i}")
        return grams.double() @ directions - getattr(self, f"text_center_{i}")

    def _normal_scores(self, x: Tensor) -> Tensor:
        """Ranks of columns as about normal numbers."""
        left = _interpolate(x, self.ranks)
        right = -_interpolate(-x, -self.ranks.flip(1))
        middle = (left + right) / 2
        return 2 * middle / (2.2 - 1.2 * middle**2).sqrt()


def _interpolate(x: Tensor, quantiles: Tensor) -> Tensor:
    """Compute NumPy's interp of columns, from quantiles to places from -1 to 1."""
    last, step = quantiles.shape[1] - 2, 2 / (quantiles.shape[1] - 1)
    x = torch.maximum(torch.minimum(x.T, quantiles[:, -1:]), quantiles[:, :1])
    place = torch.searchsorted(quantiles, x.contiguous(), right=True) - 1
    place = place.clamp(0, last)
    low, high = quantiles.gather(1, place), quantiles.gather(1, place + 1)
    share = (x - low) / (high - low).clamp(min=1e-300)
    found = (place + share) * step - 1
    return torch.where(x >= quantiles[:, -1:], 1.0, found).T


class MixedModel(nn.Module):
    """Networks over mixed tables, with their encoder and what follows them.

    A table without columns of a kind has no such input.

    Parameters
    ----------
    net : FittedNet
        The networks.
    answers : nn.Module
        What turns raw scores into predictions.

    Attributes
    ----------
    description : str
        Columns and levels of categories as JSON, for a reader of tables.

    Shape
    -----
    numbers : (n, n_numbers), booleans too, NaN for gaps
    dates : (n, n_dates), float64, seconds since 1970, NaN for gaps
    categories : (n, n_categories), int64, places in the lists of levels
    texts : (n, n_texts, n_buckets), shares of n-grams
    returns : (n, n_answers)
    """

    def __init__(self, net: Any, answers: nn.Module) -> None:
        super().__init__()
        self.columns = Columns(net.encoder, getattr(torch, net.dtype))
        self.network, self.answers = net.module(), answers
        self.description = describe_columns(net.encoder)

    def forward(
        self,
        numbers: Tensor | None = None,
        dates: Tensor | None = None,
        categories: Tensor | None = None,
        texts: Tensor | None = None,
    ) -> Tensor:
        given = [x for x in (numbers, dates, categories, texts) if x is not None]
        none = given[0].new_zeros((given[0].shape[0], 0), dtype=torch.float64)
        read = self.columns(
            none if numbers is None else numbers,
            none if dates is None else dates,
            none.long() if categories is None else categories,
            none if texts is None else texts,
        )
        return self.answers(self.network(*read))
