"""Random changes of batches: what they keep, and where their numbers come from."""

import numpy as np
import pytest
import torch

from sknn_suite.data._bundle import TensorBundle
from sknn_suite.images._augment import STRENGTHS, Augmentation, make_views
from sknn_suite.images._mirror import mirror_images_help
from sknn_suite.modules import ImageNetwork
from sknn_suite.training import Muon
from sknn_suite.training._muon import N_STEPS, QUINTIC, orthogonalize

N, SIDE = 64, 12


def batch():
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 255, (N, SIDE, SIDE, 3), generator=generator)
    x = pixels.to(torch.uint8)
    return TensorBundle({"x": x}, torch.arange(N) % 4)


def change(strengths, seed=0):
    """Give the batch as it is prepared, changed, and what it was mixed with."""
    module = ImageNetwork(torch.nn.Linear(2, 2), 3)
    module.set_scaling(torch.full((3,), 127.0), torch.full((3,), 70.0))
    own = Augmentation(strengths).bind(module, np.random.RandomState(seed))
    changed, mixed = own(batch(), torch.Generator().manual_seed(seed))
    return module.prepare(batch().inputs["x"]), changed.inputs["prepared"], mixed


@pytest.mark.parametrize("name", STRENGTHS)
def test_every_change_keeps_the_shape_and_changes_something(name):
    before, after, mixed = change({name: max(STRENGTHS[name], 0.3)})
    assert after.shape == before.shape
    assert torch.isfinite(after).all()
    assert not torch.equal(after, before)
    assert (mixed is not None) == (name in ("mixup", "cutmix"))
    _, again, _ = change({name: max(STRENGTHS[name], 0.3)})
    assert torch.equal(after, again)
    _, other, _ = change({name: max(STRENGTHS[name], 0.3)}, seed=1)
    assert not torch.equal(after, other)


def test_certain_flips_are_mirror_images():
    before, after, _ = change({"flip": 1.0})
    assert torch.equal(after, before.flip(3))
    before, after, _ = change({"flip_vertical": 1.0})
    assert torch.equal(after, before.flip(2))


def test_quarter_turns_are_all_four():
    before, after, _ = change({"rotate90": 1.0})
    turns = set()
    for one, turned in zip(before, after):
        found = [
            k for k in range(4) if torch.equal(torch.rot90(one, k, (1, 2)), turned)
        ]
        assert found
        turns |= set(found)
    assert turns == {0, 1, 2, 3}


def test_shifts_move_by_whole_pixels_and_reflect():
    before, after, _ = change({"shift": 2 / SIDE})
    padded = torch.nn.functional.pad(before, (2, 2, 2, 2), mode="reflect")
    for one, moved in zip(padded, after):
        windows = [
            one[:, i : i + SIDE, j : j + SIDE] for i in range(5) for j in range(5)
        ]
        assert any(torch.equal(window, moved) for window in windows)


def test_cutout_sets_a_square_to_the_mean():
    before, after, _ = change({"cutout": 0.5})
    gone = (after == 0).all(dim=1) & (before != 0).any(dim=1)
    counts = gone.flatten(1).sum(1)
    assert (counts <= 36).all()
    assert (counts > 0).all()


def test_cutmix_tells_the_share_that_is_left():
    before, after, mixed = change({"cutmix": 1.0})
    kept = (after == before).all(dim=1).flatten(1).float().mean(1)
    partners = mixed.target != batch().target
    assert kept[partners].min() == pytest.approx(mixed.share, abs=0.01)


def test_mixup_is_a_mean_of_two():
    before, after, mixed = change({"mixup": 1.0})
    total = before.sum(0)
    torch.testing.assert_close(after.sum(0), total, atol=1e-3, rtol=1e-4)
    assert 0 < mixed.share < 1


def test_views_are_different_and_the_first_is_the_image():
    x = torch.rand(2, 3, 28, 28)
    strengths = {"flip": 0.5, "flip_vertical": 0.5, "rotate90": 1.0, "shift": 0.1}
    views = make_views(strengths, 64, (28, 28, 3))
    assert len(views) == 64
    seen = [view(x) for view in views]
    assert torch.equal(seen[0], x)
    assert len({tuple(s.flatten().tolist()) for s in seen}) == 64
    assert make_views({}, 5, (28, 28, 3))[0](x).equal(x)


def test_mirror_images_of_letters_are_no_letters():
    random = np.random.RandomState(0)
    y = np.arange(300) % 2
    X = random.randint(0, 60, (300, 16, 16, 1)).astype(np.uint8)
    X[y == 0, 4:12, 2:6] = 255
    X[y == 1, 4:12, 10:14] = 255  # the mirror image of the other class
    assert not mirror_images_help(X, y, random)
    X[y == 1] = 0
    X[y == 1, 6:9] = 255
    assert mirror_images_help(X, y, random)


def test_muon_turns_all_directions_of_a_kernel_alike():
    kernel = torch.nn.Parameter(torch.randn(8, 4, 3, 3))
    bias = torch.nn.Parameter(torch.zeros(8))
    muon = Muon([kernel, bias], lr=0.1)
    scale = torch.logspace(0, -1, 8).view(-1, 1, 1, 1)
    kernel.grad, bias.grad = torch.randn(8, 4, 3, 3) * scale, torch.ones(8)
    before = kernel.detach() * 8**0.5 / kernel.detach().norm()
    muon.step()
    step = (before - kernel.detach()).flatten(1) / 0.1
    values = torch.linalg.svdvals(step)
    assert values.max() / values.min() < 4
    torch.testing.assert_close(bias.detach(), torch.full((8,), -0.1 * 1.85))


@pytest.mark.parametrize("shape", [(8, 4, 3, 3), (32, 2, 3, 3), (3, 1, 1, 1)], ids=str)
def test_orthogonalizing_is_the_iteration_of_the_paper(shape):
    generator = torch.Generator().manual_seed(0)
    gradient = torch.randn(shape, generator=generator, dtype=torch.float64)
    gradient[0] *= 100  # singular values of all sizes
    a, b, c = QUINTIC
    x = gradient.flatten(1) / gradient.norm()
    for _ in range(N_STEPS):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    for dtype, tolerance in ((torch.float64, 1e-6), (torch.float32, 1e-4)):
        ours = orthogonalize(gradient.to(dtype)).flatten(1)
        torch.testing.assert_close(ours.double(), x, atol=tolerance, rtol=0)


@pytest.mark.parametrize("value", [0.0, torch.nan])
def test_a_gradient_that_is_nothing_stays_so(value):
    step = orthogonalize(torch.full((4, 2, 3, 3), value))
    assert torch.equal(step.isnan(), torch.full_like(step, value).isnan())
    assert not step.nan_to_num().any()
