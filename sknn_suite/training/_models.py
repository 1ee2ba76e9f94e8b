"""Models side by side: the part of a flat buffer that each has, and its norm."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from sknn_suite.training._flat import FlatParameters
from sknn_suite.training._regularization import clip_norm

# Size of a block below which a function call takes longer than a copy.
SMALL = 65536

# Against division by zero, as in torch's clip_grad_norm_.
TINY = 1e-6


class Models:
    """The models that a module holds, each of which learns as if it were alone.

    A module with several has a method ``models``, which gives, for each of them, the
    tensors that are its own: parameters, or views of them. All other tensors are
    shared. Without that method the module is one model.

    Parameters
    ----------
    module : nn.Module
        The module, whose parameters are in `flat`.
    flat : FlatParameters
        The buffers.

    Attributes
    ----------
    n : int
        Number of models.
    """

    def __init__(self, module: nn.Module, flat: FlatParameters) -> None:
        own: Any = getattr(module, "models", None)
        owned: list[list[Tensor]] = [[]] if own is None else own()
        self.n = len(owned)
        self.grad = flat.grad
        self._blocks: list[tuple[slice, Tensor]] = []
        if self.n > 1:
            self._blocks = [
                (
                    slice(first, first + n),
                    flat.grad[start : start + n * size].view(n, -1),
                )
                for first, n, start, size in _blocks(_owners(owned, flat.data))
            ]
        # Small blocks of all models are measured together.
        is_small = [len(b) == self.n and b.numel() <= SMALL for _, b in self._blocks]
        self._small = [block for (_, block), s in zip(self._blocks, is_small) if s]
        self._large = [pair for pair, s in zip(self._blocks, is_small) if not s]

    def clip_norms(self, max_norm: float) -> None:
        """Scale the gradient of each model down to the norm `max_norm`, in place.

        The shared parameters count as one more. Nothing is read from a GPU.
        """
        if self.n == 1:
            clip_norm(self.grad, max_norm)
            return
        norms = self._norms(self.grad.dtype)
        if self.grad.device.type == "cpu":
            found = norms.tolist()
            if not all(map(math.isfinite, found)):  # squares overflow before norms do
                norms = self._norms(torch.float64)
            elif max(found) + TINY <= max_norm:
                return
        scale = (max_norm / (norms + TINY)).clamp_(max=1.0)
        for models, block in self._blocks:
            block.mul_(scale[models].unsqueeze(1))

    def _norms(self, dtype: torch.dtype) -> Tensor:
        """Norm of each model's gradient, and of the shared one, (n + 1,)."""
        norms = self.grad.new_zeros(len(self._large) + 1, self.n + 1, dtype=dtype)
        if self._small:
            together = torch.cat(self._small, dim=1)
            norms[0, : self.n] = torch.linalg.vector_norm(together, dim=1, dtype=dtype)
        for row, (models, block) in enumerate(self._large, 1):
            norms[row, models] = torch.linalg.vector_norm(block, dim=1, dtype=dtype)
        return torch.linalg.vector_norm(norms, dim=0)


def _owners(owned: list[list[Tensor]], flat: Tensor) -> list[tuple[int, int, int]]:
    """List the runs of a flat buffer: start, end, and the model that has it.

    Shared numbers count as one more model after the last. Frozen parameters are not in
    the buffer.
    """
    found = []
    for model, tensors in enumerate(owned):
        for tensor in tensors:
            start = (tensor.data_ptr() - flat.data_ptr()) // flat.element_size()
            if 0 <= start < len(flat):
                found.append((start, start + tensor.numel(), model))
    runs: list[tuple[int, int, int]] = []
    end = 0
    for start, stop, model in [*sorted(found), (len(flat), len(flat), len(owned))]:
        if start > end:
            runs.append((end, start, len(owned)))
        if runs and runs[-1][2] == model:  # goes on
            runs[-1] = (runs[-1][0], stop, model)
        elif stop > start:
            runs.append((start, stop, model))
        end = stop
    return runs


def _blocks(runs: list[tuple[int, int, int]]) -> list[list[int]]:
    """Join runs of one length, of consecutive models, to blocks.

    Each is the first model, the number of models, where it starts, and the length.
    """
    blocks: list[list[int]] = []
    for start, stop, model in runs:
        size = stop - start
        if blocks and blocks[-1][3] == size and sum(blocks[-1][:2]) == model:
            blocks[-1][1] += 1
        else:
            blocks.append([model, 1, start, size])
    return blocks
