"""Iterators over batches of a bundle, gathered on its device."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
import torch

from sknn_suite.data._bundle import TensorBundle
from sknn_suite.data._class_queues import ClassQueues

# Rows are gathered in blocks of about this many bytes, and batches are views of a
# block. So one gather serves many small batches, and memory stays small for large data.
BLOCK_BYTES = 1 << 21

# Blocks of rows begin at multiples of so many rows, and so at addresses that are
# multiples of 16 bytes. Where MKL has AVX2 and nothing wider, its sums depend on the
# rest, and a net should have the same sums in any company.
ALIGNED_ROWS = 4

# Rows of unequal length are sorted by length within chunks of this many batches. This
# keeps padding short, and batches still differ between epochs.
BATCHES_PER_CHUNK = 32

# Steps, including padding, in a prediction batch. This bounds memory for long rows.
PREDICT_STEPS = 1 << 16


def batches_per_block(n_rows: int, batch_size: int) -> int:
    """Choose how many batches are a block of about `n_rows` rows."""
    aligned = ALIGNED_ROWS // math.gcd(ALIGNED_ROWS, batch_size)
    return max(n_rows // (aligned * batch_size), 1) * aligned


class BundleBatches:
    """Iterate over batches of a bundle: no workers, no collation, no row objects.

    Parameters
    ----------
    bundle : TensorBundle
        The rows, possibly a selection of them.
    batch_size : int
        Rows per batch; the last batch has the remaining rows.
    random_state : RandomState, default=None
        Shuffles the rows before each pass; None keeps their order.
    device : torch.device, default=None
        Where batches are wanted; None is where the bundle is.
    class_shares : sequence of float, default=None
        Share of each class in a batch; the targets of the bundle are then class codes.
        A pass still has as many rows as the bundle: of large classes the next ones,
        rows of small ones several times. None takes each row once.

    Attributes
    ----------
    order : ndarray of shape (n_rows,)
        Order of the last pass, which the next one shuffles; with `class_shares`, the
        order in which rows of a class are taken.
    """

    def __init__(
        self,
        bundle: TensorBundle,
        batch_size: int,
        random_state: np.random.RandomState | None = None,
        device: torch.device | None = None,
        class_shares: Sequence[float] | None = None,
    ) -> None:
        self.bundle = bundle
        self.batch_size = batch_size
        self.random_state = random_state
        self.device = bundle.device if device is None else device
        self.order = np.arange(len(bundle))
        self.queues: ClassQueues | None = None
        if class_shares is not None:
            codes = bundle.targets.cpu().numpy().reshape(len(bundle))
            self.queues = ClassQueues(codes.astype(np.int64), class_shares)
        self._is_new = True

    def __len__(self) -> int:
        return -(-len(self.bundle) // self.batch_size)

    def __iter__(self) -> Iterator[TensorBundle]:
        if self.bundle.device == self.device:
            yield from self._gather()
            return
        for batch in self._gather():
            yield batch.to(self.device)

    def go_on(self, order: np.ndarray) -> None:
        """Continue from the `order` of an earlier pass."""
        self.order = order
        self._is_new = False

    def begin(self) -> TensorBundle:
        """Shuffle for a new pass; return the bundle with its rows in that order."""
        if self.random_state is None and self.queues is None:
            return self.bundle
        rows = torch.from_numpy(self.next_rows())
        return self.bundle.select(rows.to(self.bundle.device))

    def next_rows(self) -> np.ndarray:
        """Choose and order rows for a new pass; return their places in the bundle."""
        if self.queues is None:
            if self.random_state is not None:
                self._shuffle(self.random_state)
            return self.order
        if self._is_new and self.random_state is not None:
            self.order = self.queues.shuffle(self.order, self.random_state)
        rows, order = self.queues.take(self.order, self.random_state)
        self.go_on(order)
        return rows

    def _gather(self) -> Iterator[TensorBundle]:
        """Gather batches where the bundle is."""
        bundle = self.begin()
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
        # scikit-learn's MLP shuffles the order of the last epoch with a whole
        # permutation. Doing the same gives its batches for the same random_state.
        permutation = np.arange(len(self.order))
        random_state.shuffle(permutation)
        self.order = self.order[permutation]

    def _rows_per_block(self) -> int:
        if not self.bundle.is_dense:
            return self.batch_size  # sparse rows are gathered directly into a batch
        return self.batch_size * batches_per_block(
            BLOCK_BYTES // self.bundle.bytes_per_row, self.batch_size
        )


class LengthBatches(BundleBatches):
    """Batches of rows of similar length, padded to the longest row of each batch.

    In training, rows are shuffled and sorted by length within chunks. Then the batches
    of the epoch are shuffled. Without a `random_state` the order is kept, and a batch
    ends before it has too many steps.
    """

    def _gather(self) -> Iterator[TensorBundle]:
        if self.random_state is None and self.queues is None:
            for part in self._parts_in_order():
                yield self._take(part)
            return
        rows = self.next_rows()
        if self.queues is not None:
            rows = self._sort_in_classes(rows, self.queues.codes)
        ends = np.arange(len(rows))[self.batch_size :: self.batch_size]
        parts = np.split(rows, ends)
        numbers = np.arange(len(parts))
        if self.random_state is not None:
            numbers = self.random_state.permutation(len(parts))
        for number in numbers:
            yield self._take(parts[number])

    def _take(self, part: np.ndarray) -> TensorBundle:
        bundle = self.bundle.select(torch.from_numpy(part).to(self.bundle.device))
        assert bundle.rows is not None
        return bundle.take(bundle.rows)

    def _shuffle(self, random_state: np.random.RandomState) -> None:
        order = random_state.permutation(len(self.bundle))
        lengths = self._lengths()
        for chunk in self._chunks(order):
            chunk[:] = chunk[np.argsort(lengths[chunk], kind="stable")]
        self.order = order

    def _sort_in_classes(self, rows: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """Sort by length the places that each class has; so its shares stay."""
        lengths = self._lengths()
        for chunk in self._chunks(rows):
            for code in np.unique(codes[chunk]):
                places = np.flatnonzero(codes[chunk] == code)
                own = chunk[places]
                chunk[places] = own[np.argsort(lengths[own], kind="stable")]
        return rows

    def _chunks(self, rows: np.ndarray) -> Iterator[np.ndarray]:
        """Yield views of the rows, within which they are sorted."""
        size = self.batch_size * BATCHES_PER_CHUNK
        for start in range(0, len(rows), size):
            yield rows[start : start + size]

    def _lengths(self) -> np.ndarray:
        lengths = self.bundle.lengths
        assert lengths is not None
        return lengths.cpu().numpy()

    def _parts_in_order(self) -> Iterator[np.ndarray]:
        lengths = self._lengths()
        start, longest = 0, 1
        for row, length in enumerate(lengths):
            longest_then = max(longest, int(length))
            n_rows = row - start + 1
            if n_rows > 1 and (
                n_rows > self.batch_size or n_rows * longest_then > PREDICT_STEPS
            ):
                yield np.arange(start, row)
                start, longest_then = row, int(length)
            longest = longest_then
        yield np.arange(start, len(lengths))


def make_batches(
    bundle: TensorBundle,
    batch_size: int,
    random_state: np.random.RandomState | None = None,
    device: torch.device | None = None,
    class_shares: Sequence[float] | None = None,
) -> BundleBatches:
    """Make batches of the bundle, sorted by length if rows differ in length."""
    kind = BundleBatches if bundle.lengths is None else LengthBatches
    return kind(bundle, batch_size, random_state, device, class_shares)
