"""Batches of a bundle, gathered on its device: the fast path's iterator."""

from collections.abc import Iterator

import numpy as np
import torch

from sknn_suite._bundle import TensorBundle

# Rows are gathered in blocks of about this many bytes, and batches are views of a
# block: one gather serves many small batches, and memory stays flat for large data.
BLOCK_BYTES = 1 << 21


class BundleBatches:
    """Iterate over batches of a bundle: no workers, no collation, no row objects.

    Parameters
    ----------
    bundle : TensorBundle
        The rows, possibly a selection of them.
    batch_size : int
        Rows per batch; the last one takes what is left.
    random_state : RandomState, default=None
        Shuffles the rows before each pass; None keeps their order.

    Attributes
    ----------
    order : ndarray of shape (n_rows,)
        Order of the last pass, which the next one shuffles.
    """

    def __init__(
        self,
        bundle: TensorBundle,
        batch_size: int,
        random_state: np.random.RandomState | None = None,
    ) -> None:
        self.bundle = bundle
        self.batch_size = batch_size
        self.random_state = random_state
        self.order = np.arange(len(bundle))

    def __len__(self) -> int:
        return -(-len(self.bundle) // self.batch_size)

    def __iter__(self) -> Iterator[TensorBundle]:
        bundle = self.bundle
        if self.random_state is not None:
            self._shuffle(self.random_state)
            bundle = bundle.select(torch.from_numpy(self.order).to(bundle.device))
        n_rows = len(bundle)
        if bundle.rows is None:
            for start in range(0, n_rows, self.batch_size):
                stop = start + self.batch_size
                batch = bundle.slice(slice(start, stop))
                if not bundle.is_dense:
                    last = min(stop + self.batch_size, n_rows)
                    bundle.prefetch(torch.arange(stop, max(stop, last)))
                yield batch
            return
        per_block = self._rows_per_block()
        for first in range(0, n_rows, per_block):
            stop = first + per_block
            block = bundle.take(bundle.rows[first:stop])
            bundle.prefetch(bundle.rows[stop : stop + per_block])
            if len(block) <= self.batch_size:
                yield block
                continue
            for start in range(0, len(block), self.batch_size):
                yield block.slice(slice(start, start + self.batch_size))

    def _shuffle(self, random_state: np.random.RandomState) -> None:
        # scikit-learn's MLP shuffles the order of the last epoch, and draws a whole
        # permutation to do so; the same here keeps its batches for its random_state.
        permutation = np.arange(len(self.order))
        random_state.shuffle(permutation)
        self.order = self.order[permutation]

    def _rows_per_block(self) -> int:
        if not self.bundle.is_dense:
            return self.batch_size  # sparse rows gather straight into a batch
        batches = BLOCK_BYTES // (self.bundle.bytes_per_row * self.batch_size)
        return max(batches, 1) * self.batch_size
