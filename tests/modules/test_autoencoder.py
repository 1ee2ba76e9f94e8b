"""Autoencoders side by side."""

import numpy as np
import pytest
import torch

from sknn_suite.modules import VAE, Autoencoder, Corruption, materialize

SIZES = {"n_inputs": 5, "n_components": 2}


def make(kind=Autoencoder, seed=0, **kwargs):
    options = {
        "hidden_layer_sizes": (7, 6),
        "decoder_hidden_layer_sizes": (6, 7),
        "n_members": 3,
    }
    module = kind(**SIZES, **options | kwargs)
    materialize(module, torch.device("cpu"), torch.float64)
    module.reset_parameters(np.random.RandomState(seed))
    return module


@pytest.fixture
def x():
    generator = torch.Generator().manual_seed(0)
    return torch.randn(11, 5, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("shortcut", [False, True])
def test_nets_side_by_side_do_not_see_each_other(tied, shortcut, x):
    module = make(tied=tied, shortcut=shortcut)
    before = module(x)
    with torch.no_grad():
        module.encoder.linears[0].stacked[1] += 1.0
    after = module(x)
    assert torch.equal(before[[0, 2]], after[[0, 2]])
    assert not torch.allclose(before[1], after[1])


def test_a_single_net_has_weights_of_the_shape_of_linear_layers():
    module = make(n_members=1)
    shapes = {name: tuple(p.shape) for name, p in module.named_parameters()}
    assert shapes["encoder.linears.0.weight"] == (7, 5)
    assert shapes["encoder.linears.0.bias"] == (7,)


def test_it_starts_near_a_projection(x):
    module = make()
    for linear in (module.encoder.linears[-1], module.decoder.linears[-1]):
        linear.fill(np.zeros(linear.stacked_shape))
    codes, out = module(x)[..., 5:], module(x)[..., :5]
    again = module.encode(out)
    torch.testing.assert_close(again, codes)
    torch.testing.assert_close(codes.square().sum(2), out.square().sum(2))


def test_tied_weights_are_shared_and_get_the_gradient_of_both_uses(x):
    module = make(tied=True)
    n_tied = sum(p.numel() for p in module.parameters())
    assert n_tied < 0.6 * sum(p.numel() for p in make().parameters())
    module(x)[..., :5].square().sum().backward()
    assert all(p.grad is not None for p in module.parameters())


@pytest.mark.parametrize(("scale", "n_outputs"), [("fixed", 5), ("feature", 10)])
def test_scales_are_put_out_behind_the_means(scale, n_outputs, x):
    module = make(scale=scale)
    assert module(x).shape == (3, 11, n_outputs + 2)
    if scale == "feature":
        assert (module(x)[..., 5:10] == 0).all()


def test_row_scales_differ_between_rows(x):
    out = make(scale="row")(x)[..., 5:10]
    assert (out.std(dim=1) > 0).all()


@pytest.mark.parametrize("kind", ["gaussian", "masking"])
def test_noise_comes_from_the_generator_and_in_training_only(kind, x):
    module = make(noise=0.5, noise_kind=kind)
    results = []
    for _ in range(2):
        module.corruption.generator = torch.Generator().manual_seed(0)
        results.append(module(x))
    torch.testing.assert_close(*results, rtol=0, atol=0)
    assert not torch.allclose(results[0], module(x))
    module.eval()
    torch.testing.assert_close(module(x), module(x[:1].expand(11, 5)) * 0 + module(x))


def test_masking_sets_the_asked_share_to_zero():
    masked = Corruption(0.3, "masking")(torch.ones(200, 200))
    assert masked.unique().tolist() == [0.0, 1.0]
    assert masked.mean().item() == pytest.approx(0.7, abs=0.02)


def test_the_slope_estimate_is_the_squared_norm_of_the_jacobian():
    module = make(n_members=1, contraction=True)
    x = torch.randn(1, 5, dtype=torch.float64, generator=torch.Generator())
    jacobian = torch.autograd.functional.jacobian(
        lambda row: module.encode(row[None, None])[0, 0], x[0]
    )
    many = x.expand(20_000, 5)
    estimated = module(many)[0, :, -1].mean().item()
    assert estimated == pytest.approx(jacobian.square().sum().item(), rel=0.05)
    assert module.eval()(x).shape[2] == 5 + 2


def test_a_vae_draws_codes_in_training_and_decodes_means_in_evaluation(x):
    module = make(VAE, n_draws=4)
    assert not torch.equal(module(x)[..., :5], module(x)[..., :5])
    module.eval()
    raw = module(x)
    assert torch.equal(raw, module(x))
    codes = raw[..., 5:]
    assert module.draws(codes).shape == (4, 3, 11, 2)
    assert torch.equal(module.draws(codes), module.draws(codes))
    torch.testing.assert_close(module.decode(module.means(codes)), raw[..., :5])
