"""Each loss against NumPy, each gradient against autograd and differences."""

import numpy as np
import pytest
import torch
from scipy.special import expit, log_softmax, xlogy
from sklearn.metrics import d2_pinball_score, mean_pinball_loss, mean_poisson_deviance
from torch.autograd import gradcheck

from sknn_suite.losses import (
    AbsoluteLoss,
    ClassesByModel,
    FocalSigmoidLoss,
    FocalSoftmaxLoss,
    HuberLoss,
    LogitAdjustedSigmoidLoss,
    LogitAdjustedSoftmaxLoss,
    LossByModel,
    PoissonLoss,
    QuantileLoss,
    SeveralQuantilesLoss,
    SigmoidLoss,
    SoftmaxLoss,
    SquaredLoss,
)

N_ROWS = 20


def _softmax(raw, y):
    return -log_softmax(raw, axis=1)[np.arange(len(y)), y]


def _focal_softmax(raw, y):
    losses = _softmax(raw, y)
    return (1 - np.exp(-losses)) ** 1.5 * losses


def _sigmoid_parts(raw, y):
    p = np.where(y == 1, expit(raw), expit(-raw))
    return p, -np.log(p)


def _huber(raw, y):
    error = np.abs(raw - y)
    small, large = 0.5 * error**2, 0.7 * (error - 0.35)
    return np.where(error < 0.7, small, large).sum(axis=1)


def _pinball(raw, y):
    error = y - raw
    return np.where(error >= 0, 0.2 * error, -0.8 * error).sum(axis=1)


def _several(raw, y):
    levels, error = np.array([0.1, 0.5, 0.9]), y - np.sort(raw, axis=1)
    return np.where(error >= 0, levels * error, (levels - 1) * error).mean(axis=1)


# name: the loss, what y is, loss of each row in NumPy
LOSSES = {
    "softmax": (SoftmaxLoss(), "codes", _softmax),
    "focal softmax": (FocalSoftmaxLoss(1.5), "codes", _focal_softmax),
    "adjusted softmax": (
        LogitAdjustedSoftmaxLoss((-0.1, -2.0, -3.0)),
        "codes",
        lambda raw, y: _softmax(raw - np.array([0.1, 2.0, 3.0]), y),
    ),
    "adjusted sigmoid": (
        LogitAdjustedSigmoidLoss((-0.1, -3.0)),
        "labels",
        lambda raw, y: _sigmoid_parts(raw - 2.9, y)[1].sum(axis=1),
    ),
    "sigmoid": (
        SigmoidLoss(),
        "labels",
        lambda raw, y: _sigmoid_parts(raw, y)[1].sum(axis=1),
    ),
    "focal sigmoid": (
        FocalSigmoidLoss(1.5),
        "labels",
        lambda raw, y: np.sum(
            (1 - _sigmoid_parts(raw, y)[0]) ** 1.5 * _sigmoid_parts(raw, y)[1], axis=1
        ),
    ),
    "squared": (
        SquaredLoss(),
        "numbers",
        lambda raw, y: 0.5 * ((raw - y) ** 2).sum(axis=1),
    ),
    "absolute": (
        AbsoluteLoss(),
        "numbers",
        lambda raw, y: np.abs(raw - y).sum(axis=1),
    ),
    "huber": (HuberLoss(0.7), "numbers", _huber),
    "poisson": (
        PoissonLoss(),
        "counts",
        lambda raw, y: (np.exp(raw) - y * raw + xlogy(y, y) - y).sum(axis=1),
    ),
    "quantile": (QuantileLoss(0.2), "numbers", _pinball),
    "several": (SeveralQuantilesLoss((0.1, 0.5, 0.9)), "numbers", _several),
}


def make_rows(kind, n_outputs=3, seed=0):
    """Draw raw scores, targets and weights, in float64."""
    rng = np.random.RandomState(seed)
    raw = rng.normal(scale=2, size=(N_ROWS, n_outputs))
    target = {
        "codes": lambda: rng.randint(n_outputs, size=N_ROWS),
        "labels": lambda: rng.randint(2, size=(N_ROWS, n_outputs)).astype(float),
        "numbers": lambda: rng.normal(size=(N_ROWS, n_outputs)),
        "counts": lambda: rng.poisson(2, size=(N_ROWS, n_outputs)).astype(float),
    }[kind]()
    return raw, target, rng.uniform(0, 3, N_ROWS)


def tensors(*arrays):
    return [torch.from_numpy(np.asarray(a)) for a in arrays]


@pytest.mark.parametrize("name", LOSSES)
def test_rows_are_those_of_numpy(name):
    loss, kind, reference = LOSSES[name]
    raw, y, _ = make_rows(kind)
    np.testing.assert_allclose(loss.rows(*tensors(raw, y)), reference(raw, y))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", LOSSES)
def test_the_loss_is_the_weighted_mean_of_its_rows(name, weighted):
    loss, kind, reference = LOSSES[name]
    raw, y, weight = make_rows(kind)
    expected = np.average(reference(raw, y), weights=weight if weighted else None)
    weights = tensors(weight) if weighted else [None]
    assert float(loss(*tensors(raw, y), *weights)) == pytest.approx(expected)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", LOSSES)
def test_each_of_several_models_has_a_loss_of_its_own(name, weighted):
    loss, kind, _ = LOSSES[name]
    raw, y, weight = tensors(*make_rows(kind))
    weight = weight if weighted else None
    both = torch.stack([raw, -raw])
    rows = torch.stack([loss.rows(raw, y), loss.rows(-raw, y)])
    torch.testing.assert_close(loss.rows(both, y), rows)
    expected = torch.stack([loss(raw, y, weight), loss(-raw, y, weight)])
    torch.testing.assert_close(loss(both, y, weight), expected)
    links = torch.stack([loss.link(raw), loss.link(-raw)])
    torch.testing.assert_close(loss.link(both), links)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", LOSSES)
def test_each_model_may_have_rows_of_its_own(name, weighted):
    loss, kind, _ = LOSSES[name]
    raw, y, weight = tensors(*make_rows(kind))
    pairs = [torch.stack([each, each.flip(0)]) for each in (raw, y, weight)]
    if not weighted:
        weight = pairs[2] = None
    found = loss(*pairs)
    torch.testing.assert_close(found, loss(raw, y, weight).expand(2))


@pytest.mark.parametrize("name", LOSSES)
def test_autograd_agrees_with_differences(name):
    loss, kind, _ = LOSSES[name]
    raw, y, weight = tensors(*make_rows(kind))
    raw.requires_grad_()
    assert gradcheck(lambda r: loss(r, y, weight), (raw,))
    assert gradcheck(lambda r: loss(r, y), (raw,))


@pytest.mark.parametrize("n_outputs", [1, 4])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", [n for n in LOSSES if LOSSES[n][0].knows_gradient])
def test_written_out_gradients_agree_with_autograd(name, weighted, n_outputs):
    loss, kind, _ = LOSSES[name]
    raw, y, weight = tensors(*make_rows(kind, n_outputs))
    raw.requires_grad_()
    weight = weight if weighted else None
    expected = loss(raw, y, weight)
    expected.backward()
    value, gradient = loss.value_and_gradient(raw.detach().clone(), y, weight)
    torch.testing.assert_close(value, expected.detach())
    torch.testing.assert_close(gradient, raw.grad)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", ["adjusted softmax", "adjusted sigmoid"])
def test_gradients_of_adjusted_scores_agree_with_autograd(name, weighted):
    loss, kind, _ = LOSSES[name]
    raw, y, weight = tensors(*make_rows(kind))
    given = raw, y, weight if weighted else None
    expected = loss.gradient_by_autograd(*given)
    torch.testing.assert_close(loss.value_and_gradient(*given), expected)


@pytest.mark.parametrize("name", [n for n in LOSSES if LOSSES[n][0].knows_gradient])
def test_written_out_gradients_leave_their_inputs_alone(name):
    loss, kind, _ = LOSSES[name]
    raw, y, weight = tensors(*make_rows(kind))
    before = [t.clone() for t in (raw, y, weight)]
    loss.value_and_gradient(raw, y, weight)
    for tensor, old in zip((raw, y, weight), before):
        assert torch.equal(tensor, old)


@pytest.mark.parametrize("name", LOSSES)
def test_weight_two_is_the_row_twice_and_zero_is_no_row(name):
    loss, kind, _ = LOSSES[name]
    raw, y, _ = tensors(*make_rows(kind))
    counts = torch.arange(N_ROWS) % 3
    weighted = loss(raw, y, counts.double())
    repeated = loss(raw.repeat_interleave(counts, 0), y.repeat_interleave(counts, 0))
    torch.testing.assert_close(weighted, repeated)


@pytest.mark.parametrize("name", LOSSES)
def test_extreme_scores_give_finite_gradients(name):
    loss, kind, _ = LOSSES[name]
    raw, y, weight = tensors(*make_rows(kind))
    raw = (raw.sign() * (20.0 if name == "poisson" else 500.0)).requires_grad_()
    value = loss(raw, y, weight)
    value.backward()
    assert torch.isfinite(value)
    assert torch.isfinite(raw.grad).all()


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
@pytest.mark.parametrize(
    ("kind", "focal", "plain"),
    [
        ("codes", FocalSoftmaxLoss, SoftmaxLoss()),
        ("labels", FocalSigmoidLoss, SigmoidLoss()),
    ],
)
def test_focal_loss_with_gamma_zero_is_the_log_loss(kind, focal, plain, gamma):
    raw, y, weight = tensors(*make_rows(kind))
    focal_loss, log_loss = focal(gamma)(raw, y, weight), plain(raw, y, weight)
    if gamma == 0:
        torch.testing.assert_close(focal_loss, log_loss)
    else:
        assert focal_loss < log_loss


@pytest.mark.parametrize(
    ("loss", "best"),
    [
        (SquaredLoss(), np.mean),
        (AbsoluteLoss(), np.median),
        (QuantileLoss(0.8), lambda y: np.quantile(y, 0.8)),
        (PoissonLoss(), lambda y: np.log(np.mean(y))),
    ],
    ids=["mean", "median", "quantile", "log of the mean"],
)
def test_the_minimum_is_the_statistic_that_is_promised(loss, best):
    y = np.random.RandomState(0).poisson(4, 401).astype(float)[:, None]
    grid = np.linspace(0.01, 10, 4000)
    raws = torch.from_numpy(np.repeat(grid[:, None], len(y), 1))
    target = torch.from_numpy(y)
    values = [float(loss(raw[:, None], target)) for raw in raws]
    # Where several numbers are a median or quantile, all of them are minima.
    at_best = float(loss(torch.full((len(y), 1), float(best(y))).double(), target))
    assert at_best <= min(values) + 1e-4


def test_scikit_learns_metrics_agree():
    rng = np.random.RandomState(0)
    y, raw = rng.poisson(3, (N_ROWS, 1)).astype(float), rng.normal(size=(N_ROWS, 1))
    poisson = float(PoissonLoss()(*tensors(raw, y)))
    assert 2 * poisson == pytest.approx(mean_poisson_deviance(y, np.exp(raw)))
    pinball = float(QuantileLoss(0.3)(*tensors(raw, y)))
    assert pinball == pytest.approx(mean_pinball_loss(y, raw, alpha=0.3))
    assert np.isfinite(d2_pinball_score(y, raw, alpha=0.3))


def test_several_quantiles_are_the_mean_of_single_ones_in_any_order():
    raw, y, weight = tensors(*make_rows("numbers"))
    y, raw = y[:, :1], raw.sort(dim=1).values
    levels = (0.1, 0.5, 0.9)
    single = [QuantileLoss(q)(raw[:, [i]], y, weight) for i, q in enumerate(levels)]
    loss = SeveralQuantilesLoss(levels)
    torch.testing.assert_close(loss(raw, y, weight), sum(single) / 3)
    torch.testing.assert_close(loss(raw.flip(1), y, weight), sum(single) / 3)


def test_sorting_never_raises_the_loss_of_several_quantiles():
    raw, y, _ = tensors(*make_rows("numbers"))
    levels = torch.tensor([0.1, 0.5, 0.9], dtype=torch.float64)
    error = y[:, :1] - raw
    crossing = torch.maximum(levels * error, (levels - 1) * error).mean(dim=1)
    rows = SeveralQuantilesLoss((0.1, 0.5, 0.9)).rows(raw, y[:, :1])
    assert (rows <= crossing + 1e-12).all()
    assert (rows < crossing).any()


@pytest.mark.parametrize("name", LOSSES)
def test_the_link_belongs_to_the_loss(name):
    loss, kind, _ = LOSSES[name]
    raw, _, _ = tensors(*make_rows(kind))
    linked = loss.link(raw)
    assert linked.shape == raw.shape
    if loss.out_activation == "softmax":
        torch.testing.assert_close(linked.sum(1), torch.ones(N_ROWS).double())
    if loss.out_activation in ("logistic", "exp", "softmax"):
        assert (linked > 0).all()
    if loss.out_activation == "identity":
        assert torch.equal(linked, raw)


def test_label_smoothing_counts_in_training_only():
    raw, y, _ = tensors(*make_rows("codes"))
    loss = SoftmaxLoss(label_smoothing=0.2)
    assert not loss.knows_gradient
    smooth = loss.train()(raw, y)
    expected = torch.nn.functional.cross_entropy(raw, y, label_smoothing=0.2)
    torch.testing.assert_close(smooth, expected)
    torch.testing.assert_close(loss.eval()(raw, y), SoftmaxLoss()(raw, y))


def test_models_leave_out_rows_of_weight_zero():
    raw = torch.tensor([[[1.0], [2.0]], [[3.0], [4.0]]])
    target, weight = torch.zeros(2, 1), torch.tensor([[2.0, 0.0], [1.0, 0.0]])
    losses = LossByModel(SquaredLoss())(raw, target, weight)
    assert losses.tolist() == [pytest.approx((2 * 0.5 + 2) / 3), 0.0]
    plain = LossByModel(SquaredLoss())(raw, target, torch.ones(2))
    assert plain.tolist() == SquaredLoss()(raw, target).tolist()


def test_some_models_have_the_losses_that_they_have_among_all():
    raw = torch.arange(12.0).view(3, 4, 1)
    target = torch.tensor([[0.0], [1.0], [1.0], [0.0]])
    weight = torch.arange(12.0).view(4, 3)
    weights = ((1.0, 1.0), (1.0, 3.0), (5.0, 1.0))
    for loss in (
        LossByModel(SigmoidLoss()).train(),
        ClassesByModel(SigmoidLoss(), weights).train(),
    ):
        for own in (weight, torch.ones(4), None):
            few = loss.of_models([0, 2])(raw[[0, 2]], target, own)
            assert torch.equal(few, loss(raw, target, own)[[0, 2]])
