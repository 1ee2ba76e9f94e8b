"""Which distribution is chosen for which data, and the VAE's own promises."""

import numpy as np
import pytest
from sklearn.preprocessing import OneHotEncoder

from sknn_suite import AutoencoderDetector, VAEDetector
from sknn_suite.exceptions import DataError

QUICK = {"max_iter": 10, "random_state": 0}


def table(kind):
    random_state = np.random.RandomState(0)
    make = {
        "bernoulli": lambda: random_state.randint(0, 2, (80, 6)),
        "shares": lambda: random_state.uniform(size=(80, 6)),
        "poisson": lambda: random_state.poisson(3, (80, 6)),
        "real": lambda: random_state.normal(size=(80, 6)),
    }
    return make[kind]().astype(float)


REAL = {AutoencoderDetector: "huber", VAEDetector: "gaussian"}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("bernoulli", "bernoulli"),
        ("shares", REAL),
        ("poisson", "poisson"),
        ("real", REAL),
    ],
)
def test_auto_chooses_by_the_data_and_says_so(detector_class, kind, expected):
    X = table(kind)
    model = detector_class(**QUICK).fit(X)
    if isinstance(expected, dict):
        expected = expected[detector_class]
    assert model.distribution_ == expected
    again = model.reconstruct(X)
    if expected in ("bernoulli", "poisson"):
        assert again.min() >= 0
    if expected == "bernoulli":
        assert again.max() <= 1


NAMES = ["gaussian", "huber", "laplace", "student_t"]


@pytest.mark.parametrize("variance", ["fixed", "feature", "row"])
@pytest.mark.parametrize("name", NAMES)
def test_every_distribution_of_numbers_learns(detector_class, name, variance):
    X = table("real")
    model = detector_class(
        distribution=name, variance=variance, score_method="likelihood", **QUICK
    ).fit(X)
    assert model.distribution_ == name
    assert np.isfinite(model.score_samples(X)).all()
    assert model.loss_ < model.loss_curve_[0]


def test_one_hot_blocks_are_found_and_reconstructed_as_shares(detector_class):
    codes = np.random.RandomState(0).randint(0, 3, (60, 2))
    codes[:, 1] += codes[:, 0]
    X = OneHotEncoder(sparse_output=False).fit_transform(codes)
    model = detector_class(
        distribution="categorical", n_components=2, random_state=0
    ).fit(X)
    assert model._scores.blocks == (3, 5)
    shares = model.reconstruct(X)
    np.testing.assert_allclose(shares[:, :3].sum(axis=1), 1)
    np.testing.assert_allclose(shares[:, 3:].sum(axis=1), 1)
    assert (shares[:, :3].argmax(axis=1) == codes[:, 0]).mean() > 0.9


@pytest.mark.parametrize(
    ("name", "kind", "text"),
    [
        ("bernoulli", "real", r"in \[0, 1\]"),
        ("poisson", "real", "whole numbers"),
        ("poisson", "shares", "whole numbers"),
        ("categorical", "bernoulli", "one-hot block"),
    ],
)
def test_values_that_a_distribution_cannot_describe(detector_class, name, kind, text):
    with pytest.raises(DataError, match=text):
        detector_class(distribution=name, **QUICK).fit(table(kind))


def test_later_rows_beyond_the_range_are_odd_but_no_error(detector_class):
    X = table("shares")
    options = {"distribution": "bernoulli", **QUICK}
    model = detector_class(score_method="likelihood", **options).fit(X)
    assert np.isfinite(model.score_samples(X + 5)).all()
    model = detector_class(**options).fit(X)
    assert model.score_samples(X + 5).max() < model.score_samples(X).mean()


@pytest.mark.parametrize("kind", ["bernoulli", "poisson"])
def test_a_rare_one_is_odder_than_a_usual_one(detector_class, kind):
    X = np.hstack([table(kind), np.zeros((80, 2))])
    X[:4, 6] = X[40:42, 7] = 1
    model = detector_class(distribution=kind, random_state=0).fit(X)
    row = np.repeat(X[4:40], 2, axis=0)
    row[1::2, 7] = 1
    scores = model.score_samples(row)
    assert (scores[1::2] < scores[::2]).all()
    usual = table("bernoulli")[:, 0] == 1
    assert np.quantile(scores[1::2], 0.75) < np.median(model.score_samples(X)[usual])


def test_scaling_does_not_go_with_values_that_have_a_scale(detector_class):
    with pytest.raises(ValueError, match="scaling='robust' does not go with"):
        detector_class(scaling="robust", **QUICK).fit(table("bernoulli"))


def test_ties_do_not_go_with_another_decoder(detector_class):
    with pytest.raises(ValueError, match="tied_weights=True does not go with"):
        detector_class(tied_weights=True, decoder_hidden_layer_sizes=(3,), **QUICK).fit(
            table("real")
        )


def test_the_divergence_in_the_history_is_that_of_the_codes():
    X = table("real")
    model = VAEDetector(max_iter=3, learning_rate_init=1e-12, random_state=0).fit(X)
    # The rate is so small that the fitted codes are those of every epoch.
    scores = VAEDetector(
        max_iter=3, learning_rate_init=1e-12, random_state=0, score_method="latent"
    ).fit(X)
    expected = -scores.score_samples(X).mean()
    assert model.history_[-1]["train_kl"] == pytest.approx(expected, rel=1e-6)


def test_warm_up_lets_codes_carry_more_at_first():
    X = table("real")
    plain = VAEDetector(max_iter=100, random_state=0).fit(X)
    warm = VAEDetector(max_iter=100, kl_warmup=1.0, random_state=0).fit(X)
    early = [model.history_[30]["train_kl"] for model in (plain, warm)]
    assert early[1] > 1.5 * early[0]


def test_beta_presses_codes_to_the_prior():
    X = table("real")
    kls = [
        VAEDetector(beta=beta, random_state=0).fit(X).history_[-1]["train_kl"]
        for beta in (0.1, 1.0, 10.0)
    ]
    assert kls[0] > kls[1] > kls[2]


def test_draws_are_owned_and_many_draws_agree():
    X = table("real")
    options = {"score_method": "likelihood", "max_iter": 30, "random_state": 0}
    few = VAEDetector(n_draws=1, **options).fit(X).score_samples(X)
    many = VAEDetector(n_draws=300, **options).fit(X).score_samples(X)
    again = VAEDetector(n_draws=300, **options).fit(X).score_samples(X)
    np.testing.assert_array_equal(many, again)
    assert not np.array_equal(few, many)
    assert np.corrcoef(few, many)[0, 1] > 0.9


def test_sampled_rows_are_like_the_training_rows():
    random_state = np.random.RandomState(0)
    X = random_state.normal(size=(500, 1)) @ np.ones((1, 4)) * 3 + 100
    X += random_state.normal(size=X.shape)
    model = VAEDetector(random_state=0).fit(X)
    rows = model.sample(2000)
    np.testing.assert_array_equal(rows, model.sample(2000))
    assert not np.array_equal(rows, model.sample(2000, random_state=1))
    assert rows.mean() == pytest.approx(100, abs=0.5)
    assert rows.std(axis=0).mean() == pytest.approx(X.std(axis=0).mean(), rel=0.25)
    assert np.corrcoef(rows.T)[0, 1] > 0.6
    kinds = VAEDetector(max_iter=5, random_state=0).fit(table("bernoulli")).sample(50)
    assert set(np.unique(kinds)) == {0.0, 1.0}


def test_masked_features_are_filled_in_from_the_others():
    random_state = np.random.RandomState(0)
    X = random_state.normal(size=(400, 1)) @ np.ones((1, 5))
    X += 0.1 * random_state.normal(size=X.shape)
    model = AutoencoderDetector(
        noise=0.3, noise_kind="masking", n_components=2, random_state=0
    ).fit(X)
    masked = X.copy()
    masked[:, 0] = 0
    filled = model.reconstruct(masked)[:, 0]
    assert np.corrcoef(filled, X[:, 0])[0, 1] > 0.95


def test_a_contractive_encoder_changes_less_with_the_rows():
    X = table("real")
    changes = []
    for contractive in (0.0, 10.0):
        model = AutoencoderDetector(
            contractive=contractive, noise=0, random_state=0
        ).fit(X)
        step = model.transform(X + 0.01) - model.transform(X)
        changes.append(np.abs(step).mean())
    assert changes[1] < 0.5 * changes[0]


def test_sparse_codes_are_smaller():
    X = table("real")
    sizes = [
        np.abs(
            AutoencoderDetector(sparsity=s, random_state=0).fit(X).transform(X)
        ).mean()
        for s in (0.0, 1.0)
    ]
    assert sizes[1] < 0.5 * sizes[0]


def test_trimming_makes_training_robust_to_dirt():
    random_state = np.random.RandomState(0)
    X = random_state.normal(size=(400, 2)) @ random_state.normal(size=(2, 10))
    dirty = X.copy()
    dirty[:40] = random_state.normal(size=(40, 10)) * 2
    errors = []
    for trim in (0.0, 0.15):
        model = AutoencoderDetector(
            trim=trim, n_components=2, distribution="gaussian", random_state=0
        ).fit(dirty)
        errors.append(np.square(model.reconstruct(X[40:]) - X[40:]).mean())
    assert errors[1] < errors[0]


def test_pretraining_is_another_start_for_a_deep_net():
    X = table("real")
    options = {"hidden_layer_sizes": (16, 12, 8), "max_iter": 1, "random_state": 0}
    plain = AutoencoderDetector(**options, learning_rate_init=1e-12).fit(X)
    trained = AutoencoderDetector(
        **options, learning_rate_init=1e-12, pretraining_iter=50
    ).fit(X)
    first = [
        m._fitted_net().weights["encoder.linears.0.weight"] for m in (plain, trained)
    ]
    assert not np.allclose(*first, atol=1e-3)
