"""Batches in which each class has its share."""

import numpy as np
import pytest
import torch

from sknn_suite.data import (
    BundleBatches,
    LengthBatches,
    RaggedRows,
    TensorBundle,
    make_batches,
    rows_per_class,
)

COUNTS = (90, 7, 3)
CODES = np.random.RandomState(0).permutation(np.repeat([0, 1, 2], COUNTS))
EQUAL = (1 / 3, 1 / 3, 1 / 3)


def make_bundle(codes=CODES):
    """Rows that tell their number, with class codes as targets."""
    x = torch.arange(len(codes)).double()[:, None]
    return TensorBundle({"x": x}, torch.from_numpy(codes))


def make(batch_size=10, shares=EQUAL, seed=0, bundle=None):
    source = None if seed is None else np.random.RandomState(seed)
    bundle = make_bundle() if bundle is None else bundle
    return BundleBatches(bundle, batch_size, source, class_shares=shares)


def numbers(batches):
    """Row numbers of an epoch, by batch."""
    return [batch.inputs["x"][:, 0].long().numpy() for batch in batches]


@pytest.mark.parametrize("seed", [0, 1, None])
@pytest.mark.parametrize("shares", [EQUAL, (0.5, 0.3, 0.2), (0.9, 0.05, 0.05)])
@pytest.mark.parametrize("batch_size", [10, 25, 100])
def test_each_batch_has_the_shares(batch_size, shares, seed):
    batches = make(batch_size, shares, seed)
    for _ in range(4):
        parts = numbers(batches)
        assert [len(part) for part in parts] == [batch_size] * (100 // batch_size)
        for part in parts:
            counts = np.bincount(CODES[part], minlength=3)
            wanted = np.array(shares) * batch_size
            # Whole rows, and a stretch may begin and end within a step.
            assert (np.abs(counts - wanted) <= 1 + np.array(shares)).all()
        total = np.bincount(CODES[np.concatenate(parts)], minlength=3)
        np.testing.assert_allclose(total, np.array(shares) * 100, atol=0.7)


@pytest.mark.parametrize("seed", [0, None])
def test_no_row_comes_again_before_all_others_of_its_class(seed):
    batches = make(seed=seed)
    seen = np.zeros(100, int)
    for _ in range(12):
        for part in numbers(batches):
            np.add.at(seen, part, 1)
        for code in range(3):
            assert np.ptp(seen[code == CODES]) <= 1
    # 12 epochs of 33 or 34 rows: each of the 90 comes four or five times.
    assert set(seen[CODES == 0]) <= {4, 5}


def test_copies_of_a_row_are_spread_over_the_epoch():
    parts = numbers(make())
    rare = np.flatnonzero(CODES == 2)
    assert all(np.isin(rare, np.concatenate(parts[i : i + 3])).all() for i in (0, 3, 6))


def test_the_same_seed_gives_the_same_epochs_and_another_gives_others():
    first, same, other = make(), make(), make(seed=1)
    for _ in range(3):
        one, two, three = (
            np.concatenate(numbers(each)) for each in (first, same, other)
        )
        np.testing.assert_array_equal(one, two)
        assert (one != three).any()


@pytest.mark.parametrize("n_epochs", [1, 4])
def test_batches_go_on_from_the_order_of_earlier_ones(n_epochs):
    whole, first = make(), make()
    for _ in range(n_epochs):
        numbers(whole)
        numbers(first)
    second = make()
    second.go_on(first.order)
    second.random_state.set_state(first.random_state.get_state())
    for _ in range(3):
        for a, b in zip(numbers(whole), numbers(second)):
            np.testing.assert_array_equal(a, b)


def test_the_order_is_one_of_all_rows():
    batches = make()
    for _ in range(3):
        numbers(batches)
        np.testing.assert_array_equal(np.sort(batches.order), np.arange(100))


def test_a_selection_has_the_shares_too():
    rows = torch.from_numpy(np.flatnonzero(CODES != 2))
    batches = make(bundle=make_bundle().select(rows))
    seen = CODES[np.concatenate(numbers(batches))]
    assert np.bincount(seen, minlength=3).tolist() in ([48, 49, 0], [49, 48, 0])


def test_rows_of_unequal_length_are_sorted_within_their_class():
    lengths = np.random.RandomState(1).randint(1, 40, 100)
    starts = torch.tensor([0, *np.cumsum(lengths)])
    values = torch.repeat_interleave(torch.arange(100), torch.from_numpy(lengths))
    bundle = TensorBundle({"x": RaggedRows(starts, values)}, torch.from_numpy(CODES))
    source = np.random.RandomState(0)
    batches = make_batches(bundle, 10, source, class_shares=(0.5, 0.3, 0.2))
    assert isinstance(batches, LengthBatches)
    longest = []
    for batch in batches:
        counts = np.bincount(batch.target.numpy(), minlength=3)
        assert (np.abs(counts - [5, 3, 2]) <= 1).all()
        rows = batch.inputs["x"][:, 0].numpy()
        longest.append((lengths[rows].min(), lengths[rows].max()))
    # Batches differ in length, although each has rows of all classes.
    shortest, tallest = min(longest)[1], max(m for _, m in longest)
    assert shortest < 0.6 * tallest


@pytest.mark.parametrize("seed", range(50))
def test_an_epoch_is_divided_without_a_rest(seed):
    source = np.random.RandomState(seed)
    counts = source.randint(0, 30, source.randint(1, 15))
    counts[0] += 1
    shares = source.dirichlet(np.full(len(counts), 0.1)) + 1e-9
    sizes = rows_per_class(counts, shares)
    assert sizes.sum() == counts.sum()
    np.testing.assert_array_equal(sizes > 0, counts > 0)


def test_a_class_of_one_row_may_fill_half_of_many():
    assert rows_per_class(np.array([99_999, 1]), (0.5, 0.5)).tolist() == [50_000] * 2
