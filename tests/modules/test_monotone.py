"""Weights with signs: scores go one way, and a plain pack of them is the same."""

import numpy as np
import pytest
import torch

from sknn_suite.modules import NOT_READ, TabularPack

SIZES = ((6, 4, 6), (5, 6), (6,))
# Of three numbers and two flags.
SIGNS = (1, -1, NOT_READ, 0, 1)


def make(signs, seed=0):
    pack = TabularPack(
        3, 2, (3, 2), (7,), 2, SIZES, (0.0,) * 3, (1.0, 2.0, 0.5), signs=signs,
        device="cpu",
    ).double()  # fmt: skip
    pack.reset_parameters(np.full(3, 0.3), np.random.RandomState(seed))
    return pack.eval()


def draw(n, seed=1):
    source = np.random.RandomState(seed)
    return {
        "numbers": torch.tensor(source.normal(size=(n, 3))),
        "flags": torch.tensor(source.rand(n, 2)),
        "choices": torch.tensor(source.randint(0, [3, 2], (n, 2))),
        "codes": torch.tensor(source.randint(0, 7, (n, 1))),
    }


def shake(pack, seed):
    """Give all parameters any values, of both signs."""
    source = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in pack.parameters():
            parameter.normal_(generator=source)
    return pack


def along(inputs, name, column):
    """One row after another, with a rising number in a column."""
    same = {n: x[:1].expand(50, -1).clone() for n, x in inputs.items()}
    same[name][:, column] = torch.linspace(-8, 8, 50)
    return same


@pytest.mark.parametrize("seed", range(5))
def test_any_weights_go_one_way_in_all_models(seed):
    pack = shake(make(SIGNS), seed)
    inputs = draw(1, seed)
    with torch.no_grad():
        for name, column, sign in (
            ("numbers", 0, 1), ("numbers", 1, -1), ("flags", 1, 1),
        ):  # fmt: skip
            steps = sign * pack(**along(inputs, name, column)).diff(dim=1)
            assert steps.min() >= -1e-12 * steps.abs().max()
            assert (steps.abs().amax(dim=(1, 2)) > 0).all()
        # Bits for each row alone: a product may round its last rows in another way.
        unread = along(inputs, "numbers", 2)
        together = pack(**unread)
        assert together.diff(dim=1).abs().max() <= 1e-15 * together.abs().max()
        single = {n: x.split(1) for n, x in unread.items()}
        alone = [pack(**dict(zip(single, row))) for row in zip(*single.values())]
        assert all(torch.equal(scores, alone[0]) for scores in alone)
        free = pack(**along(inputs, "flags", 0)).diff(dim=1)
        assert (free > 0).any()
        assert (free < 0).any()


def test_a_plain_pack_of_the_same_weights_is_the_same():
    pack, plain = shake(make(SIGNS), 0), make(())
    plain.load_state_dict(pack.state_dict() | pack.plain_weights())
    rows = draw(20)
    torch.testing.assert_close(plain(**rows), pack(**rows), rtol=1e-12, atol=1e-12)
    assert plain.monotone is None


def test_all_that_is_read_has_a_gradient_at_the_start():
    pack = make(SIGNS)
    pack.suit_rows(**draw(100))
    pack(**draw(20)).sum().backward()
    read = pack.monotone.is_read.bool().expand(3, -1).flatten()
    assert (pack.scale.grad[read] != 0).all()
    assert (pack.scale.grad[~read] == 0).all()
    assert (pack.output.weight.grad.abs().amax(dim=1) > 0).all()


def test_sums_are_around_zero_once_they_suit_rows():
    pack = make(SIGNS)
    rows = draw(500)
    pack.suit_rows(**rows)
    with torch.no_grad():
        x = pack._read(**rows) * pack._scale() * pack.linears[0].factor
        sums = torch.bmm(x, pack._weight(0))
        middle = sums.mean(dim=1)
        around = middle + pack.linears[0].bias.view(3, -1)
        deviation = (sums - middle.unsqueeze(1)).std()
    assert around.abs().max() < 4  # as biases are drawn
    assert deviation.item() == pytest.approx(1, abs=0.01)


def test_zeros_alone_change_nothing():
    plain, zeros = make(()), make((0,) * 5)
    assert zeros.monotone is None
    rows = draw(5)
    assert torch.equal(plain(**rows), zeros(**rows))
