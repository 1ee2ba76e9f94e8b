"""Samplers that make rows: what they make, of which columns, and how reproducibly."""

import warnings
from collections import Counter

import numpy as np
import pytest
import torch
from imblearn.over_sampling.base import BaseOverSampler
from imblearn.pipeline import make_pipeline
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import GridSearchCV, cross_val_predict

from sknn_suite.exceptions import DataError
from sknn_suite.imbalance import GANOverSampler, LatentSMOTE, VAEOverSampler
from tests.imbalance.conftest import as_dict

QUICK = {"max_iter": 2, "hidden_layer_sizes": (16,), "random_state": 0}
SAMPLERS = [LatentSMOTE(**QUICK), VAEOverSampler(**QUICK), GANOverSampler(**QUICK)]
every_sampler = pytest.mark.parametrize(
    "sampler", SAMPLERS, ids=lambda sampler: type(sampler).__name__
)


@pytest.fixture
def table():
    return make_classification(
        120, 5, weights=[0.8], flip_y=0, class_sep=2.0, random_state=0
    )


@every_sampler
def test_a_mixed_frame_keeps_types_ranges_and_categories(sampler, mixed, y):
    X_new, y_new = sampler.fit_resample(mixed, y)
    assert isinstance(sampler, BaseOverSampler)
    assert type(X_new) is type(mixed)
    assert list(X_new.columns) == list(mixed.columns)
    assert list(X_new.dtypes) == list(mixed.dtypes)
    assert Counter(y_new.tolist()) == {"no": 50, "yes": 50}
    old, new = as_dict(mixed), as_dict(X_new)
    for name in old:
        assert list(map(str, new[name][:60])) == list(map(str, old[name]))
    made = {name: values[60:] for name, values in new.items()}
    assert set(map(str, made["city"])) <= set(map(str, old["city"]))
    assert set(made["is_member"]) <= {True, False}
    assert min(old["age"]) <= min(made["age"]) <= max(made["age"]) <= max(old["age"])


@every_sampler
def test_whole_numbers_stay_whole_and_values_stay_in_range(sampler, table):
    X, y = table
    X[:, 0] = np.rint(X[:, 0] * 3)
    X_new, _ = sampler.fit_resample(X.astype(np.float32), y)
    assert X_new.dtype == np.float32
    made = X_new[len(X) :]
    np.testing.assert_array_equal(made[:, 0], np.rint(made[:, 0]))
    assert (made[:, 1] != np.rint(made[:, 1])).any()
    assert (made >= X.astype(np.float32).min(axis=0)).all()
    assert (made <= X.astype(np.float32).max(axis=0)).all()


@every_sampler
def test_a_gap_is_a_value_of_its_own(sampler, table):
    X, y = table
    X[::2, 1] = np.nan
    X_new, _ = sampler.fit_resample(X, y)
    made = X_new[len(X) :]
    assert np.isnan(made[:, 1]).any()
    assert not np.isnan(made[:, [0, 2, 3, 4]]).any()


@every_sampler
def test_the_same_seed_gives_the_same_rows_and_leaves_global_seeds(sampler, table):
    np.random.seed(0)
    numpy_state, torch_state = np.random.get_state()[1], torch.get_rng_state()
    X_new, _ = sampler.fit_resample(*table)
    again, _ = clone(sampler).fit_resample(*table)
    np.testing.assert_array_equal(X_new, again)
    other, _ = clone(sampler).set_params(random_state=1).fit_resample(*table)
    assert not np.array_equal(X_new, other)
    sampler = clone(sampler).set_params(random_state=None)
    assert not np.array_equal(
        sampler.fit_resample(*table)[0], sampler.fit_resample(*table)[0]
    )
    np.testing.assert_array_equal(np.random.get_state()[1], numpy_state)
    assert torch.equal(torch.get_rng_state(), torch_state)


@every_sampler
def test_made_rows_have_weights_of_their_class(sampler, table):
    X, y = table
    weight = np.where(y == 1, np.linspace(2, 3, len(y)), 0.5)
    sampler.fit_resample(X, y, sample_weight=weight)
    assert len(sampler.sample_weight_) == 2 * (y == 0).sum()
    np.testing.assert_array_equal(sampler.sample_weight_[: len(y)], weight)
    made = sampler.sample_weight_[len(y) :]
    assert ((made >= 2) & (made <= 3)).all()
    with pytest.raises(ValueError, match=r"[Nn]egative"):
        sampler.fit_resample(X, y, sample_weight=-weight)


def test_latent_smote_mixes_weights_by_the_shares_of_codes(table):
    X, y = table
    weight = np.ones(len(y))
    weight[np.flatnonzero(y == 1)[:3]] = 5.0
    sampler = clone(SAMPLERS[0])
    sampler.fit_resample(X, y, sample_weight=weight)
    made = sampler.sample_weight_[len(y) :]
    assert ((made >= 1) & (made <= 5)).all()
    assert len(np.unique(made)) > 5  # between 1 and 5, by steps of their own


@every_sampler
def test_a_row_of_weight_zero_teaches_nothing(sampler, table):
    X, y = table
    weight = np.ones(len(y))
    far = np.flatnonzero(y == 1)[:2]
    X = X.copy()
    X[far] = 1e6
    weight[far] = 0
    made = sampler.fit_resample(X, y, sample_weight=weight)[0][len(y) :]
    assert np.abs(made).max() < 1e3


@every_sampler
def test_a_dict_says_how_many_rows_of_each_class(sampler, table):
    X, y = table
    sampler = clone(sampler).set_params(sampling_strategy={0: 100, 1: 40})
    assert Counter(sampler.fit_resample(X, y)[1].tolist()) == {0: 100, 1: 40}
    assert sampler.sampling_strategy_ == {
        0: 100 - (y == 0).sum(),
        1: 40 - (y == 1).sum(),
    }


@every_sampler
def test_balanced_classes_are_left_as_they_are(sampler):
    X, y = np.random.RandomState(0).normal(size=(20, 2)), np.arange(20) % 2
    X_new, y_new = sampler.fit_resample(X, y)
    np.testing.assert_array_equal(X_new, X)
    np.testing.assert_array_equal(y_new, y)


@every_sampler
def test_it_works_in_a_pipeline_and_a_search(sampler, table):
    pipeline = make_pipeline(clone(sampler), LogisticRegression())
    name = type(sampler).__name__.lower()
    search = GridSearchCV(pipeline, {f"{name}__max_iter": [1, 2]}, cv=2)
    assert search.fit(*table).score(*table) > 0.8


@every_sampler
def test_errors_say_what_to_do(sampler, table, images, y):
    X = table[0]
    with pytest.raises(DataError, match=r"Use toarray\(\).*AnyShape\(\w+\(\)\) for im"):
        sampler.fit_resample(images, y)
    with pytest.raises(DataError, match="no dense table"):
        sampler.fit_resample([f"text {i}" for i in range(60)], y)
    with pytest.raises(DataError, match="y has 1 class"):
        sampler.fit_resample(X, np.zeros(len(X)))
    bad = X.copy()
    bad[0, 2] = np.inf
    with pytest.raises(DataError, match="Column 2 of X has infinite values"):
        sampler.fit_resample(bad, table[1])
    lonely = np.zeros(len(X), dtype=int)
    lonely[0] = 1
    with pytest.raises(DataError, match="The class 1 has 1 row"):
        sampler.fit_resample(X, lonely)


# -- what is made --------------------------------------------------------------------


@pytest.mark.parametrize("kind", [LatentSMOTE, VAEOverSampler])
def test_made_rows_resemble_those_of_their_class(kind):
    X, y = make_classification(
        600, 6, n_informative=4, weights=[0.85], class_sep=1.5, random_state=1
    )
    X_new, _ = kind(random_state=0).fit_resample(X, y)
    made, real = X_new[len(X) :], X[y == 1]
    shift = (made.mean(axis=0) - real.mean(axis=0)) / real.std(axis=0)
    assert np.abs(shift).max() < 0.5
    spread = made.std(axis=0) / real.std(axis=0)
    assert 0.6 < np.median(spread) < 1.4
    model = LogisticRegression().fit(X, y)
    found = model.predict(made).mean() / model.predict(real).mean()
    assert found > 0.8


def test_history_has_a_record_per_epoch(table):
    sampler = clone(SAMPLERS[1])
    sampler.fit_resample(*table)
    assert [row["epoch"] for row in sampler.history_] == [1, 2]
    names = {"epoch", "train_loss", "train_kl", "learning_rate", "seconds"}
    assert names <= set(sampler.history_[0])


def test_gan_has_both_losses_and_comes_to_a_balance():
    random = np.random.RandomState(0)
    X = np.concatenate([random.normal(0, 1, (300, 2)), random.normal(4, 0.5, (60, 2))])
    X[300:, 1] = X[300:, 0] + random.normal(0, 0.3, 60)  # a ridge
    y = np.repeat([0, 1], [300, 60])
    sampler = GANOverSampler(max_iter=80, random_state=0)
    X_new, _ = sampler.fit_resample(X, y)
    distance = np.array([row["distance"] for row in sampler.history_])
    assert {"generator_loss", "discriminator_loss"} <= set(sampler.history_[0])
    # Neither wins: the discriminator sees a distance that falls, and stays positive.
    n = len(distance) // 10
    assert 0 < distance[-n:].mean() < distance[:n].mean() / 3
    made = X_new[len(X) :]
    assert np.abs(made.mean(axis=0) - 4).max() < 0.5
    assert np.corrcoef(made.T)[0, 1] > 0.5
    both = np.concatenate([X[300:], made])
    is_made = np.repeat([0, 1], [60, len(made)])
    model = LogisticRegression(class_weight="balanced")
    told = cross_val_predict(model, both, is_made, cv=5)
    assert balanced_accuracy_score(is_made, told) < 0.7  # half would be chance


def test_gan_draws_categories_by_their_shares():
    pandas = pytest.importorskip("pandas")
    random = np.random.RandomState(0)
    y = np.repeat([0, 1], [300, 100])
    share = np.where(y == 1, 0.8, 0.2)
    kind = np.where(random.uniform(size=400) < share, "red", "blue")
    X = pandas.DataFrame({"kind": kind, "size": random.normal(size=400)})
    sampler = GANOverSampler(max_iter=60, hidden_layer_sizes=(32, 32), random_state=0)
    made = sampler.fit_resample(X, y)[0].iloc[400:]
    assert 0.55 < (made["kind"] == "red").mean() < 0.98


def test_no_warning_reaches_the_user(table):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for sampler in SAMPLERS:
            sampler.fit_resample(*table)
