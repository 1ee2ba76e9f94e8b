"""Networks side by side: each is a model of its own."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from sknn_suite.losses import LINKS, SigmoidLoss
from sknn_suite.modules import TabularPack, mean_of_models

N_ROWS = 12


def make(sizes, dropout=None, rates=None, link=None, n_outputs=1):
    n = len(sizes)
    pack = TabularPack(
        3, 2, (3, 2), (7,), n_outputs, sizes, dropout or (0.0,) * n,
        rates or (1.0,) * n, link=link, device="cpu",
    )  # fmt: skip
    if link is None:
        pack.reset_parameters(np.full(n, 0.3), np.random.RandomState(0))
    return pack.eval()


@pytest.fixture
def inputs():
    source = np.random.RandomState(1)
    return {
        "numbers": torch.tensor(source.normal(size=(N_ROWS, 3)), dtype=torch.float32),
        "flags": torch.tensor(source.rand(N_ROWS, 2) > 0.5, dtype=torch.float32),
        "choices": torch.tensor(source.randint(0, [3, 2], (N_ROWS, 2))),
        "codes": torch.tensor(source.randint(0, 7, (N_ROWS, 1))),
    }


def bring_to_life(pack):
    """Give the last layer weights; it begins with zeros."""
    with torch.no_grad():
        pack.output.weight.normal_(generator=torch.Generator().manual_seed(0))


SIZES = ((6, 6, 6), (6, 6), (6,))


def test_models_share_no_number_and_leave_none_out():
    pack = make(SIZES)
    owned = [part for model in pack.models() for part in model]
    assert sum(part.numel() for part in owned) == sum(
        p.numel() for p in pack.parameters()
    )
    starts = [(part.data_ptr(), part.data_ptr() + 4 * part.numel()) for part in owned]
    starts.sort()
    assert all(stop <= start for (_, stop), (start, _) in pairwise(starts))


@pytest.mark.parametrize("m", range(3))
def test_a_model_of_a_pack_is_the_model_alone(inputs, m):
    pack = make(SIZES, rates=(1.0, 2.0, 0.5))
    bring_to_life(pack)
    alone = make(SIZES[m : m + 1], rates=pack.rates[m : m + 1])
    for (name, tensor), (_, of_one) in zip(
        ((n, p) for n, p in pack.named_parameters() if n in dict(alone.stacked())),
        alone.named_parameters(),
    ):
        n_models = pack.stacked()[name][1]
        with torch.no_grad():
            of_one.copy_(tensor.view(n_models, -1)[m].view(of_one.shape))
    target = torch.ones(N_ROWS, 1)
    SigmoidLoss()(pack(**inputs), target).sum().backward()
    SigmoidLoss()(alone(**inputs), target).sum().backward()
    np.testing.assert_allclose(
        alone(**inputs).detach()[0], pack(**inputs).detach()[m], atol=1e-5
    )
    for name, of_one in alone.named_parameters():
        whole, n_models = pack.stacked()[name]
        np.testing.assert_allclose(
            of_one.grad.ravel(), whole.grad.view(n_models, -1)[m], atol=1e-5
        )


def test_units_that_a_narrow_model_lacks_stay_zero(inputs):
    pack = make(((8, 8), (5, 5)))
    bring_to_life(pack)
    with torch.no_grad():
        pack.output.weight[1, 5:] = 0
    optimizer = torch.optim.AdamW(pack.parameters(), lr=0.1, weight_decay=0.1)
    for _ in range(5):
        optimizer.zero_grad()
        SigmoidLoss()(pack(**inputs), torch.ones(N_ROWS, 1)).sum().backward()
        optimizer.step()
    first, second = (linear.weight.detach() for linear in pack.linears)
    assert (first[1, :, 5:] == 0).all()
    assert (second[1, 5:] == 0).all()
    assert (second[1, :, 5:] == 0).all()
    assert (first[0] != 0).all()


def test_a_rate_scales_the_step_and_not_the_start(inputs):
    slow, fast = make(((6,),)), make(((6,),), rates=(3.0,))
    for pack in (slow, fast):
        bring_to_life(pack)
    with torch.no_grad():
        fast.output.weight /= 3
    np.testing.assert_allclose(
        slow(**inputs).detach(), fast(**inputs).detach(), atol=1e-5
    )
    moved = []
    for pack in (slow, fast):
        before = pack.output.weight.detach() * pack.output.factor
        optimizer = torch.optim.Adam([pack.output.weight], lr=0.01)
        SigmoidLoss()(pack(**inputs), torch.ones(N_ROWS, 1)).sum().backward()
        optimizer.step()
        after = pack.output.weight.detach() * pack.output.factor
        moved.append((after - before).abs().max().item())
    assert moved[1] / moved[0] == pytest.approx(3, rel=1e-3)


def test_a_category_of_many_levels_begins_with_the_weight_of_one_number():
    pack = TabularPack(1, 0, (), (500,), 1, ((4,),), (0.0,), (1.0,), device="cpu")
    pack.reset_parameters(np.ones(1), np.random.RandomState(0))
    energy = pack.embedding.detach().square().sum(dim=-1).mean()
    assert float(energy) == pytest.approx(1, rel=0.1)


def test_sums_deviate_by_one_once_they_suit_rows(inputs):
    pack = make(SIZES)
    pack.suit_rows(**inputs)
    sums = []
    linear = pack.linears[0]
    linear.register_forward_hook(
        lambda part, given, out: sums.append(out - linear.bias.view(3, 1, -1))
    )
    pack(**inputs)
    np.testing.assert_allclose(sums[0].detach().std(dim=(1, 2)), 1, atol=1e-3)


def test_dropout_keeps_the_mean_and_differs_by_model(inputs):
    pack = make(((400,), (400,)), dropout=(0.5, 0.0)).train()
    pack.generator = torch.Generator().manual_seed(0)
    bring_to_life(pack)
    with torch.no_grad():
        expected = pack.eval()(**inputs)
        pack.train()
        pack._forget = lambda codes: codes
        drawn = torch.stack([pack(**inputs) for _ in range(300)])
    error = drawn.std(dim=0)[0] / 300**0.5
    assert error.min() > 0.001
    assert ((drawn.mean(dim=0)[0] - expected[0]).abs() < 5 * error).all()
    np.testing.assert_allclose(drawn.mean(dim=0)[1], expected[1], atol=1e-5)


def test_training_forgets_some_categories(inputs):
    pack = make(((4,),)).train()
    pack.generator = torch.Generator().manual_seed(0)
    codes = torch.ones(100_000, 1, dtype=torch.int64)
    share = (pack._forget(codes) == 0).double().mean().item()
    assert share == pytest.approx(0.01, abs=0.002)


@pytest.mark.parametrize("link", ["identity", "softmax", "exp", "logistic"])
def test_the_mean_of_models_is_that_of_their_predictions(link):
    raw = torch.tensor(np.random.RandomState(0).normal(0, 3, size=(3, 5, 4)))
    share = torch.tensor([0.5, 0.3, 0.2])
    expected = (LINKS[link](raw) * share.view(3, 1, 1)).sum(dim=0)
    np.testing.assert_allclose(LINKS[link](mean_of_models(raw, share, link)), expected)
    by_row = share[:, None].expand(3, 5)
    np.testing.assert_allclose(LINKS[link](mean_of_models(raw, by_row, link)), expected)


def test_a_link_gives_one_score_per_row(inputs):
    pack = make(SIZES, link="softmax", n_outputs=3)
    state = make(SIZES, n_outputs=3).state_dict()
    state |= {"share": torch.full((3,), 1 / 3), "sharpness": torch.ones(1)}
    pack.load_state_dict(state)
    scores = pack.eval()(**inputs)
    assert scores.shape == (N_ROWS, 3)
    np.testing.assert_allclose(scores.detach().exp().sum(dim=1), 1, atol=1e-6)
