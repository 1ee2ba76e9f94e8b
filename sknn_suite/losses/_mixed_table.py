"""Rows of numbers and one-hot blocks around their reconstruction."""

from collections.abc import Sequence

import torch
from torch import Tensor

from sknn_suite.losses._reconstruction import Categorical, Distribution, Gaussian


class MixedDistribution(Distribution):
    """Normal numbers, then categories as one-hot blocks.

    Parameters
    ----------
    n_numbers : int
        Number of numbers, which come first.
    block_sizes : sequence of int
        Columns of each block after them.
    learns_scale : bool, default=False
        Whether the raw outputs hold logarithms of scales after the means, one for each
        column; those of the blocks are not read.

    Examples
    --------
    >>> import torch
    >>> from sknn_suite.losses import MixedDistribution
    >>> MixedDistribution(1, [2]).mean(torch.tensor([0.3, 5.0, 5.0])).tolist()
    [0.3..., 0.5, 0.5]
    """

    has_scale = True

    def __init__(
        self, n_numbers: int, block_sizes: Sequence[int], learns_scale: bool = False
    ) -> None:
        super().__init__(n_numbers + sum(block_sizes), learns_scale)
        self.n_numbers = n_numbers
        self.numbers = Gaussian(n_numbers, learns_scale)
        self.blocks = Categorical(sum(block_sizes), block_sizes)

    def _split(self, raw: Tensor) -> tuple[Tensor, Tensor]:
        """Split raw outputs into those of the numbers and those of the blocks."""
        numbers, blocks = raw[..., : self.n_features].tensor_split(
            [self.n_numbers], dim=-1
        )
        if self.learns_scale:
            scales = raw[..., self.n_features : self.n_features + self.n_numbers]
            numbers = torch.cat([numbers, scales], dim=-1)
        return numbers, blocks

    def _join(self, numbers: Tensor, blocks: Tensor | None) -> Tensor:
        return numbers if blocks is None else torch.cat([numbers, blocks], dim=-1)

    def mean(self, raw: Tensor) -> Tensor:
        numbers, blocks = self._split(raw)
        shares = self.blocks.mean(blocks) if self.blocks.block_sizes else None
        return self._join(self.numbers.mean(numbers), shares)

    def neg_log_likelihood(self, raw: Tensor, x: Tensor) -> Tensor:
        numbers, blocks = self._split(raw)
        of_numbers = self.numbers.neg_log_likelihood(numbers, x[..., : self.n_numbers])
        of_blocks = None
        if self.blocks.block_sizes:
            of_blocks = self.blocks.neg_log_likelihood(blocks, x[..., self.n_numbers :])
        return self._join(of_numbers, of_blocks)

    def draw(self, raw: Tensor, generator: torch.Generator) -> Tensor:
        numbers, blocks = self._split(raw)
        drawn = None
        if self.blocks.block_sizes:
            drawn = self.blocks.draw(blocks, generator)
        return self._join(self.numbers.draw(numbers, generator), drawn)
