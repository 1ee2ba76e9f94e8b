"""Likelihoods against torch's distributions, and what autoencoders add to them."""

import numpy as np
import pytest
import torch
from torch import distributions as td

from sknn_suite.losses import (
    DISTRIBUTIONS,
    AutoencoderLoss,
    Categorical,
    ElboLoss,
    Gaussian,
    Huber,
    kl_divergence,
    make_distribution,
)

N_FEATURES = 3


@pytest.fixture
def raw():
    generator = torch.Generator().manual_seed(0)
    return torch.randn(20, N_FEATURES, generator=generator, dtype=torch.float64)


@pytest.fixture
def numbers():
    generator = torch.Generator().manual_seed(1)
    return torch.randn(20, N_FEATURES, generator=generator, dtype=torch.float64) * 2


PEERS = {
    "gaussian": lambda mean, scale: td.Normal(mean, scale),
    "laplace": lambda mean, scale: td.Laplace(mean, scale),
    "student_t": lambda mean, scale: td.StudentT(4.0, mean, scale),
}


@pytest.mark.parametrize("name", PEERS)
def test_a_distribution_with_a_learnt_scale_has_torchs_likelihood(name, raw, numbers):
    log_scale = raw.flip(0) * 0.5
    kind = make_distribution(name, N_FEATURES, learns_scale=True)
    found = kind.neg_log_likelihood(torch.cat([raw, log_scale], 1), numbers)
    expected = -PEERS[name](raw, log_scale.exp()).log_prob(numbers)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("name", PEERS)
def test_a_fixed_scale_is_one(name, raw, numbers):
    kind = make_distribution(name, N_FEATURES, learns_scale=False)
    found = kind.neg_log_likelihood(raw, numbers)
    torch.testing.assert_close(found, -PEERS[name](raw, 1.0).log_prob(numbers))


def test_bernoulli_has_torchs_likelihood_and_a_logistic_link(raw):
    kind = make_distribution("bernoulli", N_FEATURES, learns_scale=True)
    assert not kind.learns_scale
    target = (raw > 0.3).double()
    found = kind.neg_log_likelihood(raw, target)
    torch.testing.assert_close(found, -td.Bernoulli(logits=raw).log_prob(target))
    torch.testing.assert_close(kind.mean(raw), torch.sigmoid(raw))


def test_poisson_reads_logarithms_of_counts(raw):
    kind = make_distribution("poisson", N_FEATURES, learns_scale=False)
    counts = torch.arange(60, dtype=torch.float64).reshape(20, 3)
    found = kind.neg_log_likelihood(raw, torch.log1p(counts))
    torch.testing.assert_close(found, -td.Poisson(raw.exp()).log_prob(counts))
    torch.testing.assert_close(kind.as_input(kind.mean(raw)), torch.log1p(raw.exp()))


def test_categorical_blocks_are_independent(raw):
    kind = Categorical(N_FEATURES, (2, 1))
    target = torch.tensor([[0.0, 1.0, 1.0]], dtype=torch.float64).expand(20, 3)
    found = kind.neg_log_likelihood(raw, target).sum(dim=1)
    expected = -td.Categorical(logits=raw[:, :2]).log_prob(torch.tensor(1))
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(kind.mean(raw)[:, 2], torch.ones(20).double())


def test_huber_is_a_density_that_is_normal_in_the_middle_and_laplace_outside():
    z = torch.linspace(-40, 40, 400_001, dtype=torch.float64)
    density = torch.exp(-Huber(1).standard(z))
    assert torch.trapezoid(density, z).item() == pytest.approx(1, abs=1e-6)
    slope = torch.diff(Huber(1).standard(z)) / torch.diff(z)
    assert slope.abs().max().item() == pytest.approx(1)
    assert slope[200_000 + 2_500].item() == pytest.approx(0.5, abs=1e-2)


@pytest.mark.parametrize("name", [*DISTRIBUTIONS, "categorical"])
def test_drawn_rows_have_the_mean_and_come_from_the_generator(name):
    raw = torch.tensor([[0.3, -0.5, 0.2]]).repeat(20_000, 1)
    kind = make_distribution(
        name, N_FEATURES, learns_scale=False, block_sizes=(N_FEATURES,)
    )
    first, second = (kind.draw(raw, torch.Generator().manual_seed(0)) for _ in range(2))
    torch.testing.assert_close(first, second, rtol=0, atol=0)
    if name != "huber":  # drawn from its middle, the normal distribution
        expected = kind.mean(raw[0])
        torch.testing.assert_close(first.mean(dim=0), expected, atol=0.06, rtol=0)


def test_the_divergence_is_the_analytic_one(raw, numbers):
    codes = torch.cat([raw, numbers], dim=1)
    posterior = td.Normal(raw, torch.exp(0.5 * numbers))
    expected = td.kl_divergence(posterior, td.Normal(0.0, 1.0)).sum(dim=1)
    torch.testing.assert_close(kl_divergence(codes), expected)


def elbo(**kwargs):
    return ElboLoss(Gaussian(N_FEATURES), N_FEATURES, 2, **kwargs)


@pytest.fixture
def packed(raw):
    """Raw outputs of two nets: means of features, then codes of two components."""
    generator = torch.Generator().manual_seed(2)
    shape = (2, 20, N_FEATURES + 4)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def test_the_elbo_is_likelihood_plus_divergence(packed, numbers):
    loss = elbo()
    found = loss(packed, numbers) * N_FEATURES
    means, codes = packed[..., :N_FEATURES], packed[..., N_FEATURES:]
    likelihood = -td.Normal(means, 1.0).log_prob(numbers).sum(dim=2)
    expected = (likelihood + kl_divergence(codes)).mean(dim=1)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(loss.parts()["kl"], kl_divergence(codes).mean())
    assert loss.reported(1.0, 0) == N_FEATURES


def test_warm_up_raises_the_factor_of_the_divergence(packed, numbers):
    loss = elbo(beta=2.0, warmup=0.5)
    factors = []
    for loss.progress in (0.0, 0.25, 0.5, 1.0):
        factors.append(loss.factor)
    assert factors == [0.0, 1.0, 2.0, 2.0]
    loss.progress = 0.0
    plain = AutoencoderLoss(Gaussian(N_FEATURES), N_FEATURES, 2)
    torch.testing.assert_close(loss(packed, numbers), plain(packed, numbers))


OPTIONS = {
    "plain": {},
    "l1": {"sparsity": 0.3},
    "activation": {"sparsity": 0.3, "sparsity_target": 0.1},
    "trim": {"trim": 0.3},
}


@pytest.mark.parametrize("name", OPTIONS)
def test_weight_two_is_the_row_twice(name, packed, numbers):
    loss = AutoencoderLoss(Gaussian(N_FEATURES), N_FEATURES, 2, **OPTIONS[name])
    times = torch.tensor([0, 1, 2, 3] * 5)
    repeated = torch.repeat_interleave(torch.arange(20), times)
    found = loss(packed, numbers, times.double())
    torch.testing.assert_close(found, loss(packed[:, repeated], numbers[repeated]))


def test_trimming_leaves_out_the_rows_with_the_largest_loss_in_training_only(numbers):
    raw = torch.zeros(1, 20, N_FEATURES + 2, dtype=torch.float64)
    far = numbers.clone()
    far[:2] += 1e6
    loss = AutoencoderLoss(Gaussian(N_FEATURES), N_FEATURES, 2, trim=0.1)
    assert loss(raw, far).item() == pytest.approx(
        AutoencoderLoss(Gaussian(N_FEATURES), N_FEATURES, 2)(
            raw[:, 2:], numbers[2:]
        ).item()
    )
    assert loss.eval()(raw, far) > 1e6


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", OPTIONS)
def test_each_net_has_a_loss_of_its_own(name, weighted, packed, numbers):
    loss = AutoencoderLoss(Gaussian(N_FEATURES), N_FEATURES, 2, **OPTIONS[name])
    weight = torch.linspace(0.5, 2, 20, dtype=torch.float64) if weighted else None
    alone = [loss(packed[k : k + 1], numbers, weight) for k in range(2)]
    torch.testing.assert_close(loss(packed, numbers, weight), torch.cat(alone))


def test_penalties_pull_codes_where_they_should(packed, numbers):
    packed = packed.requires_grad_()
    loss = AutoencoderLoss(
        Gaussian(N_FEATURES), N_FEATURES, 2, sparsity=1.0, sparsity_target=0.05
    )
    loss(packed, numbers).sum().backward()
    slope = packed.grad[..., N_FEATURES : N_FEATURES + 2]
    assert (slope > 0).all()  # activations above the target fall
    assert np.isfinite(packed.grad.numpy()).all()
