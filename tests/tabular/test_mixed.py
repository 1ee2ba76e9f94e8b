"""TabularClassifier and TabularRegressor: data frames as they are."""

import copy
import pickle
import warnings
from types import SimpleNamespace

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch
from sklearn.base import clone, is_classifier
from sklearn.compose import make_column_transformer
from sklearn.ensemble import StackingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import fbeta_score, log_loss
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import Callback

from sknn_suite import MLPClassifier, TabularClassifier, TabularRegressor
from sknn_suite.decision import FBeta
from sknn_suite.exceptions import DataError, InterruptedWarning, SuiteWarning
from sknn_suite.tabular import _importances, _mixed_task

QUICK = {"n_members": 2, "hidden_layer_sizes": (8,), "max_iter": 4, "random_state": 0}


def make_frame(n=80, seed=0):
    source = np.random.RandomState(seed)
    X = pd.DataFrame(
        {
            "size": source.normal(50, 10, n),
            "sold": np.datetime64("2024-01-01") + source.randint(0, 400, n),
            "is_new": source.rand(n) > 0.5,
            "place": source.choice(["town", "sea", "hill"], n),
            "agent": [f"{source.choice(['Mr', 'Dr'])} Nr {i}" for i in range(n)],
        }
    )
    X.loc[source.rand(n) < 0.1, "size"] = np.nan
    signal = X["size"].fillna(50) / 10 + 3 * (X["place"] == "sea") + X["is_new"]
    return X, signal.to_numpy()


@pytest.fixture
def mixed(mixed_class):
    """A frame, and a target that suits the estimator of the test."""
    X, signal = make_frame()
    return X, np.digitize(signal, [6.5]) if is_classifier(mixed_class()) else signal


def answers(model, X):
    return model.predict_proba(X) if is_classifier(model) else model.predict(X)


# -- interrupted ---------------------------------------------------------------------


class Press(Callback):
    """Ctrl-C in a batch of the third epoch."""

    def on_batch_end(self, net, training=False, **kwargs):
        if training and len(net.history) == 3:
            raise KeyboardInterrupt


def test_an_interrupted_fit_says_so_and_has_all_attributes(mixed_class, mixed):
    X, y = mixed
    model = mixed_class(**QUICK, callbacks=[Press()])
    with pytest.warns(InterruptedWarning, match="The weights of the best epoch so far"):
        model.fit(X, y)
    assert model.n_iter_ == 2
    assert np.isfinite(answers(model, X)).all()
    assert model.feature_importances_.shape == (X.shape[1],)
    assert set(model.members_) >= {"validation_score", "weight"}


def test_importances_take_fewer_rows_after_an_interrupt(monkeypatch):
    X, signal = make_frame(600)
    seen = []

    def note(module, share, judge, origins, n_columns, random_state, limits, seconds):
        seen.append(limits)
        return np.zeros(n_columns)

    monkeypatch.setattr(_mixed_task, "importances", note)
    model = TabularRegressor(**QUICK).fit(X, signal)
    with pytest.warns(InterruptedWarning):
        model.set_params(callbacks=[Press()]).fit(X, signal)
    usual, hurried = seen
    assert hurried.n_rows < usual.n_rows
    assert hurried.n_passes < usual.n_passes


def test_importances_end_with_the_time(monkeypatch):
    X, signal = make_frame(300)
    looks = iter([0.0, 0.001, 0.5, 5.0])  # the machine gets busy
    clock = SimpleNamespace(perf_counter=lambda: next(looks))
    monkeypatch.setattr(_importances, "time", clock)
    model = TabularRegressor(**QUICK, max_time=40).fit(X, signal)
    found = model.feature_importances_
    assert np.isfinite(found[0])
    assert np.isnan(found[1:]).all()


# -- learning ------------------------------------------------------------------------


def test_defaults_learn_from_numbers_categories_and_gaps():
    X, signal = make_frame(400)
    y = np.array(["cheap", "dear", "rich"])[np.digitize(signal, [5.5, 7.5])]
    model = TabularClassifier(random_state=0, max_iter=24).fit(X[:300], y[:300])
    assert model.score(X[300:], y[300:]) > 0.75
    proba = model.predict_proba(X[300:])
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    share = np.bincount(np.unique(y[:300], return_inverse=True)[1]) / 300
    prior = log_loss(y[300:], np.tile(share, (100, 1)))
    assert log_loss(y[300:], proba) < 0.6 * prior


def test_a_regressor_learns_and_stays_within_what_it_has_seen():
    X, signal = make_frame(400)
    y = 1e6 + 1e3 * signal
    model = TabularRegressor(random_state=0, max_iter=24).fit(X[:300], y[:300])
    assert model.score(X[300:], y[300:]) > 0.7
    X.loc[:, "size"] = 1e9
    assert model.predict(X).max() <= y[:300].max()
    assert model.predict(X).min() >= y[:300].min()


def test_a_single_member_is_a_sound_small_net():
    X, signal = make_frame(300)
    y = signal > 6
    model = TabularClassifier(n_members=1, max_iter=24, random_state=0)
    model.fit(X[:200], y[:200])
    assert model.score(X[200:], y[200:]) > 0.75
    assert model.members_["weight"].tolist() == [1.0]


@pytest.mark.parametrize("loss", ["absolute_error", "huber", "poisson", "quantile"])
def test_every_loss_learns(loss):
    X, signal = make_frame(200)
    y = np.rint(signal).clip(0)
    model = TabularRegressor(loss=loss, n_members=2, max_iter=30, random_state=0)
    assert model.fit(X, y).score(X, y) > 0.5


def noisy(signal, seed=1):
    return signal + np.random.RandomState(seed).normal(size=len(signal))


def test_several_quantiles_never_cross():
    X, signal = make_frame(400)
    y = noisy(signal)
    model = TabularRegressor(
        loss="quantile", quantile=(0.1, 0.5, 0.9), n_members=2, max_iter=30,
        random_state=0,
    ).fit(X[:200], y[:200])  # fmt: skip
    predicted = model.predict(X)
    assert predicted.shape == (400, 3)
    assert (np.diff(predicted, axis=1) >= 0).all()
    below = (y[:, None] <= predicted).mean(axis=0)
    assert below[0] < 0.25 < below[1] < 0.75 < below[2]
    assert 0.2 < model.score(X[200:], y[200:]) < 1


@pytest.mark.parametrize("cv", [2, None])
def test_calibrated_quantiles_cover_new_rows(cv):
    X, signal = make_frame(1200)
    y = noisy(signal)
    model = TabularRegressor(
        loss="quantile", quantile=(0.1, 0.5, 0.9), calibrated=True, n_members=4,
        max_iter=20, cv=cv, random_state=0,
    ).fit(X[:600], y[:600])  # fmt: skip
    low, _, high = model.predict(X[600:]).T
    assert 0.74 < ((low <= y[600:]) & (y[600:] <= high)).mean() < 0.86


@pytest.mark.parametrize("cv", [2, None])
def test_a_threshold_is_chosen_on_rows_that_members_have_not_learnt_from(cv):
    X, signal = make_frame(600)
    y = (noisy(signal) > 8.5).astype(int)
    model = TabularClassifier(
        n_members=2, max_iter=20, cv=cv, validation_fraction=0.5,
        decision_threshold=FBeta(3), random_state=0,
    ).fit(X[:400], y[:400])  # fmt: skip
    plain = clone(model).set_params(decision_threshold=None).fit(X[:400], y[:400])
    assert 0 < model.decision_threshold_ < 0.5
    chosen, usual = (
        fbeta_score(y[400:], m.predict(X[400:]), beta=3) for m in (model, plain)
    )
    assert chosen > usual
    np.testing.assert_array_equal(model.predict_proba(X), plain.predict_proba(X))


def test_units_of_y_are_learnt_back():
    X, signal = make_frame(120)
    y = signal - signal.min() + 1
    kinds = ["auto", True, "log", False]
    models = [TabularRegressor(**QUICK, scale_target=kind).fit(X, y) for kind in kinds]
    auto, scaled, logarithm, plain = (model.predict(X) for model in models)
    np.testing.assert_array_equal(auto, scaled)
    assert not np.array_equal(scaled, logarithm)
    assert not np.array_equal(scaled, plain)
    assert models[3]._net.target.scale is None
    large = TabularRegressor(**QUICK).fit(X, 1e6 * y).predict(X)
    np.testing.assert_allclose(large, 1e6 * auto, rtol=1e-6)


def skewed(n):
    """Columns, and a positive skewed target to which each contributes a factor."""
    source = np.random.RandomState(0)
    X = source.normal(size=(n, 3))
    noise = source.normal(size=n)
    return X, np.exp(X.sum(axis=1) + 0.1 * noise)


@pytest.mark.parametrize("cv", [2, None])
def test_the_logarithm_of_a_skewed_target_is_taken_if_it_is_better(cv):
    X, y = skewed(600)
    how = {"n_members": 2, "max_iter": 16, "cv": cv, "random_state": 0}
    how |= {"loss": "absolute_error"}
    model = TabularRegressor(**how).fit(X[:400], y[:400])
    assert model.scale_target_ == "log"
    assert model._net.target.scale.log
    plain = TabularRegressor(**how, scale_target=True).fit(X[:400], y[:400])
    errors = [np.abs(m.predict(X[400:]) - y[400:]).mean() for m in (model, plain)]
    assert errors[0] < errors[1]


def test_the_logarithm_is_not_taken_where_it_is_worse_or_cannot_be():
    X, y = skewed(400)
    how = {"n_members": 2, "max_iter": 8, "random_state": 0}
    assert TabularRegressor(**how).fit(X, np.log(y)).scale_target_ is True
    assert TabularRegressor(**how).fit(X, y - 1).scale_target_ is True  # not positive
    held_out = {"X_val": X[300:], "y_val": y[300:] - 1}
    model = TabularRegressor(**how).fit(X[:300], y[:300], **held_out)
    assert model.scale_target_ is True
    counts = TabularRegressor(**how, loss="poisson").fit(X, np.rint(y))
    assert counts.scale_target_ is True
    assert TabularRegressor(**how, scale_target=False).fit(X, y).scale_target_ is False


def test_the_trial_measures_in_the_units_of_y():
    # Half of y is almost zero by chance, which its logarithm takes for huge errors.
    source = np.random.RandomState(0)
    X = source.uniform(size=(900, 1))
    y = np.where(source.rand(900) < 0.5, 1e-6, 1 + 3 * X[:, 0] ** 4)
    how = {"n_members": 2, "max_iter": 16, "random_state": 0}
    model = TabularRegressor(**how).fit(X[:600], y[:600])
    assert model.scale_target_ is True
    log = TabularRegressor(**how, scale_target="log").fit(X[:600], y[:600])
    errors = [np.square(m.predict(X[600:]) - y[600:]).mean() for m in (model, log)]
    assert errors[0] < 0.8 * errors[1]


def test_counts_are_learnt_in_units_of_their_mean():
    X, signal = make_frame(120)
    y = np.rint(signal).clip(0)
    model = TabularRegressor(**QUICK, loss="poisson").fit(X, y)
    scale = model._net.target.scale
    assert scale.mean.tolist() == [0.0]
    assert scale.deviation == pytest.approx([y.mean()])
    hundred = TabularRegressor(**QUICK, loss="poisson").fit(X, 100 * y)
    np.testing.assert_allclose(hundred.predict(X), 100 * model.predict(X), rtol=1e-5)
    with pytest.raises(ValueError, match="does not go with loss='poisson'"):
        TabularRegressor(loss="poisson", scale_target=True).fit(X, y)


@pytest.mark.parametrize("quantile", [(0.9, 0.1), (0.5, 0.5), (0.0, 0.5)])
def test_quantiles_that_do_not_rise_are_refused(quantile):
    X, signal = make_frame()
    with pytest.raises(ValueError, match="is not a list of quantiles"):
        TabularRegressor(loss="quantile", quantile=quantile).fit(X, signal)


def test_several_labels_and_several_numbers_per_row():
    X, signal = make_frame(120)
    labels = np.stack([signal > 6, X["is_new"]], axis=1).astype(int)
    model = TabularClassifier(n_members=2, max_iter=30, random_state=0).fit(X, labels)
    assert model.predict(X).shape == model.predict_proba(X).shape == (120, 2)
    assert (model.predict(X) == labels).mean() > 0.8
    numbers = np.stack([signal, -signal], axis=1)
    model = TabularRegressor(n_members=2, max_iter=30, random_state=0).fit(X, numbers)
    assert model.predict(X).shape == (120, 2)
    assert model.score(X, numbers) > 0.5


def test_class_weights_raise_the_probability_of_a_class():
    X, signal = make_frame(200)
    y = (signal > 7).astype(int)
    plain = TabularClassifier(**QUICK).fit(X, y)
    heavy = TabularClassifier(**QUICK, class_weight={1: 20.0}).fit(X, y)
    assert heavy.predict_proba(X)[:, 1].mean() > plain.predict_proba(X)[:, 1].mean()


# -- members -------------------------------------------------------------------------


def test_members_differ_and_their_weights_sum_to_one(mixed_class, mixed):
    model = mixed_class(n_members=6, max_iter=3, random_state=0).fit(*mixed)
    members = model.members_
    assert set(members) == {
        "hidden_layer_sizes",
        "dropout",
        "rate_factor",
        "wave_scale",
        "n_epochs",
        "validation_score",
        "weight",
    }
    assert len({str(row) for row in zip(*members.values())}) == 6
    assert members["weight"].sum() == pytest.approx(1)
    depths = [len(sizes) for sizes in members["hidden_layer_sizes"]]
    assert depths == sorted(depths, reverse=True)
    assert pd.DataFrame(members).shape == (6, 7)


def test_held_out_rows_choose_members_and_the_others_are_not_kept(mixed_class, mixed):
    model = mixed_class(n_members=6, cv=None, max_iter=6, random_state=0).fit(*mixed)
    n_kept = int((model.members_["weight"] > 0).sum())
    assert n_kept >= 1
    assert len(model._net.network.config["sizes"]) == n_kept
    assert model._net.weights["share"].sum() == pytest.approx(1)


def test_each_member_is_judged_by_the_rows_that_it_leaves_out(mixed_class, mixed):
    X, y = mixed
    seen = []

    def scoring(model, X, y):
        seen.append(len(y))
        return -float(np.mean(model.predict(X) != y))

    model = mixed_class(**QUICK, early_stopping_scoring=scoring, cv=2)
    model.fit(X, y)
    assert set(seen) == {40, 80}  # a fold each, and the mean on all rows


def test_a_fold_keeps_groups_together():
    from sknn_suite.tabular._folds import draw_folds

    groups = np.repeat(["a", "b", "c", "d", "e"], 7)
    folds = draw_folds(3, 6, 35, None, groups, np.random.RandomState(0))
    assert all(len(set(folds.of_rows[groups == g])) == 1 for g in "abcde")
    assert folds.is_held_out.sum(axis=1).tolist() == [2] * 35
    train = folds.weights(torch.full((35,), 2.0), torch.float32, held_out=False)
    valid = folds.weights(torch.full((35,), 2.0), torch.float32, held_out=True)
    assert torch.equal(train + valid, torch.full((35, 6), 2.0))


def test_more_folds_than_members_are_refused(mixed_class, mixed):
    with pytest.raises(ValueError, match="cv=3 is more than 2 members"):
        mixed_class(**QUICK, cv=3).fit(*mixed)


def test_rows_of_the_user_judge_all_members(mixed_class, mixed):
    X, y = mixed
    model = mixed_class(**QUICK).fit(X[:60], y[:60], X_val=X[60:], y_val=y[60:])
    assert len(model.validation_scores_) == 4
    other = mixed_class(**QUICK).fit(X[:60], y[:60], X_val=X[:60], y_val=y[:60])
    assert model.best_score_ != other.best_score_


def test_any_prefix_of_a_fit_is_an_ensemble(mixed_class, mixed):
    X, y = mixed
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = mixed_class(random_state=0, max_time=0.2).fit(X, y)
    assert model.n_iter_ < 100
    assert np.isfinite(answers(model, X)).all()


def test_importances_name_the_columns_that_matter():
    X, signal = make_frame(300)
    X["noise"] = np.random.RandomState(5).normal(size=300)
    X["same"] = 1
    model = TabularClassifier(random_state=0, max_iter=20).fit(X, signal > 6)
    found = dict(zip(model.feature_names_in_, model.feature_importances_))
    assert found["same"] == 0
    assert min(found["place"], found["size"]) > 3 * abs(found["noise"])


def test_the_last_layer_is_a_transformer(mixed_class, mixed):
    X, y = mixed
    model = mixed_class(**QUICK).fit(X, y)
    units = model.transform(X)
    assert units.shape == (80, 16)
    assert len(model.get_feature_names_out()) == 16
    alone = np.concatenate([model.transform(X[i : i + 1]) for i in range(5)])
    np.testing.assert_allclose(alone, units[:5], atol=1e-5)
    readable = make_pipeline(mixed_class(**QUICK), LogisticRegression(max_iter=500))
    labels = y if is_classifier(model) else y > np.median(y)
    assert readable.fit(X, labels).score(X, labels) > 0.5


def test_partial_fit_is_refused_in_words(mixed_class):
    assert not hasattr(mixed_class(), "partial_fit")
    with pytest.raises(AttributeError) as caught:
        mixed_class().partial_fit([[1]], [1])
    assert "its members are chosen once" in str(caught.value.__cause__)


# -- containers and order ------------------------------------------------------------


@pytest.mark.parametrize("convert", [pl.from_pandas, pa.Table.from_pandas])
def test_libraries_agree_to_the_bit(mixed_class, mixed, convert):
    X, y = mixed
    expected = answers(mixed_class(**QUICK).fit(X, y), X)
    model = mixed_class(**QUICK).fit(convert(X), y)
    np.testing.assert_array_equal(answers(model, convert(X)), expected)
    np.testing.assert_array_equal(answers(model, X), expected)


def test_columns_are_matched_by_name(mixed_class, mixed):
    X, y = mixed
    model = mixed_class(**QUICK).fit(X, y)
    expected = answers(model, X)
    np.testing.assert_array_equal(answers(model, X[X.columns[::-1]]), expected)
    with pytest.raises(DataError, match="unseen at fit time: 'more'"):
        model.predict(X.assign(more=1))
    with pytest.raises(DataError, match="yet now missing: 'place'"):
        model.predict(X.drop(columns="place"))


def test_a_row_alone_is_predicted_as_among_others(mixed_class, mixed):
    X, y = mixed
    model = mixed_class(**QUICK).fit(X, y)
    together = answers(model, X)
    alone = np.concatenate([answers(model, X.iloc[[i]]) for i in range(20)])
    np.testing.assert_allclose(alone, together[:20], atol=1e-6)


def test_an_unseen_category_moves_no_other_row(mixed_class, mixed):
    X, y = mixed
    model = mixed_class(**QUICK).fit(X, y)
    before = answers(model, X)
    X = X.copy()
    X.loc[7, "place"] = "moon"
    after = answers(model, X)
    np.testing.assert_array_equal(np.delete(after, 7, 0), np.delete(before, 7, 0))
    assert not np.array_equal(after[7], before[7])


# -- promises ------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_bits_and_global_states_stay(
    mixed_class, mixed, global_randomness
):
    X, y = mixed
    before = global_randomness()
    model = mixed_class(**QUICK).fit(X, y)
    first = answers(model, X)
    assert global_randomness() == before
    np.testing.assert_array_equal(answers(clone(model).fit(X, y), X), first)
    other = clone(model).set_params(random_state=1).fit(X, y)
    assert not np.array_equal(answers(other, X), first)


def test_a_copy_and_a_pickle_predict_alike(mixed_class, mixed):
    X, y = mixed
    model = mixed_class(n_members=3, max_iter=3, random_state=0).fit(X, y)
    pickled = pickle.dumps(model)
    for again in (pickle.loads(pickled), copy.deepcopy(model)):
        np.testing.assert_array_equal(answers(again, X), answers(model, X))
    weights = sum(array.nbytes for array in model._net.weights.values())
    texts = sum(d.nbytes for d in model._net.encoder.strings_.directions_)
    assert len(pickled) <= 1.1 * weights + texts + 50_000


def test_a_zero_weight_is_no_row(mixed_class, mixed):
    X, y = mixed
    weight = (np.arange(80) % 4 > 0).astype(float)
    one = mixed_class(**QUICK).fit(X, y, sample_weight=weight)
    strange = np.where(weight > 0, y, np.roll(y, 1))
    other = mixed_class(**QUICK).fit(X, strange, sample_weight=weight)
    np.testing.assert_array_equal(answers(one, X), answers(other, X))


def test_it_works_in_searches_stacks_and_pipelines():
    X, signal = make_frame(60)
    y = (signal > 6).astype(int)
    search = GridSearchCV(TabularClassifier(**QUICK), {"max_iter": [2, 3]}, cv=2)
    assert search.fit(X, y).best_estimator_.n_iter_ in (2, 3)
    scores = cross_val_score(TabularClassifier(**QUICK), X, y, cv=2)
    assert np.isfinite(scores).all()
    stack = StackingClassifier([("net", TabularClassifier(**QUICK))], cv=2)
    assert stack.fit(X, y).predict_proba(X).shape == (60, 2)
    some = make_column_transformer(
        (StandardScaler(), ["size"]), ("passthrough", ["place"])
    ).set_output(transform="pandas")
    model = make_pipeline(some, TabularClassifier(**QUICK)).fit(X, y)
    assert model.predict(X).shape == (60,)


# -- bad input -----------------------------------------------------------------------


def refit_is_untouched(model, X, bad, y, match, error=ValueError):
    """A fit that fails leaves the fitted model as it was."""
    before = answers(model, X)
    with pytest.raises(error, match=match):
        model.fit(bad, y)
    np.testing.assert_array_equal(answers(model, X), before)


def _repeat_a_name(X):
    return pd.concat([X, X[["size"]]], axis=1)


BAD_FRAMES = {
    "names": (_repeat_a_name, "several columns of the name 'size'"),
    "lists": (lambda X: X.assign(bad=[[1, 2]] * len(X)), r"'bad' of X holds a list"),
    "infinite": (lambda X: X.assign(size=np.inf), r"contains infinity.*'size'"),
    "no rows": (lambda X: X[:0], r"0 sample\(s\)"),
    "no columns": (lambda X: X[[]], r"0 feature\(s\)"),
    "one row": (lambda X: X[:1], r"1 sample\(s\).*minimum of 2"),
    "nested": (lambda X: pl.from_pandas(X).with_columns(a=pl.lit([1])), "has dtype L"),
}


@pytest.mark.parametrize("fault", BAD_FRAMES)
def test_bad_frames_are_refused_and_leave_the_fit_untouched(mixed_class, mixed, fault):
    X, y = mixed
    spoil, match = BAD_FRAMES[fault]
    bad = spoil(X)
    model = mixed_class(**QUICK).fit(X, y)
    refit_is_untouched(model, X, bad, y[: len(bad)], match)


@pytest.mark.parametrize("fault", ["lists", "infinite", "no rows", "nested"])
def test_bad_frames_are_refused_by_predict(mixed_class, mixed, fault):
    X, y = mixed
    spoil, match = BAD_FRAMES[fault]
    columns = list(X.columns)
    bad = spoil(X)
    model = mixed_class(**QUICK).fit(X, y)
    if "bad" in bad.columns:
        bad = bad.drop(columns="place").rename(columns={"bad": "place"})
    if "a" in bad.columns:
        bad = bad.drop("place").rename({"a": "place"}).select(columns)
    with pytest.raises(DataError, match=match.replace("'bad'", "'place'")):
        model.predict(bad)


def test_columns_without_a_value_and_mixed_ones_are_taken(mixed_class, mixed):
    X, y = mixed
    X = X.assign(empty=None, odd=[1, "two", 3.5, None] * 20)
    model = mixed_class(**QUICK).fit(X, y)
    assert model.column_kinds_["empty"] == "constant"
    assert model.column_kinds_["odd"] == "category"


def test_identifiers_are_left_out_with_a_warning(mixed_class, mixed):
    X, y = mixed
    X = X.assign(
        token=[
            f"{i:x}" for i in np.random.RandomState(0).permutation(80) * 7919 + 10**6
        ]
    )
    with pytest.warns(SuiteWarning, match="Column 'token' of X is left out"):
        model = mixed_class(**QUICK).fit(X, y)
    assert model.column_kinds_["token"] == "identifier"
    kept = mixed_class(**QUICK, categorical_features=["token"]).fit(X, y)
    assert kept.column_kinds_["token"] == "category"


def test_a_column_that_is_the_target_is_warned_of(mixed_class, mixed):
    X, y = mixed
    with pytest.warns(SuiteWarning, match="Column 'leak' of X tells the target"):
        mixed_class(**QUICK).fit(X.assign(leak=2.0 * y + 1), y)


def test_a_class_of_one_row_and_ten_rows_are_enough():
    X, signal = make_frame(10)
    y = np.array(["a"] * 6 + ["b"] * 3 + ["c"])
    model = TabularClassifier(max_iter=3, random_state=0).fit(X, y)
    assert list(model.classes_) == ["a", "b", "c"]
    assert model.predict_proba(X).shape == (10, 3)
    model = TabularRegressor(max_iter=3, random_state=0).fit(X, signal)
    assert np.isfinite(model.predict(X)).all()


def test_five_thousand_columns_are_taken():
    X = np.random.RandomState(0).normal(size=(40, 5000))
    model = TabularClassifier(**QUICK).fit(X, X[:, 0] > 0)
    assert model.predict(X).shape == (40,)


def test_a_constant_target_is_predicted():
    X, _ = make_frame(20)
    model = TabularRegressor(max_iter=2, random_state=0).fit(X, np.full(20, 3.5))
    np.testing.assert_allclose(model.predict(X), 3.5)


def test_features_that_do_not_exist_are_named(mixed_class, mixed):
    with pytest.raises(DataError, match="categorical_features has 'gone'"):
        mixed_class(categorical_features=["gone"]).fit(*mixed)
    with pytest.raises(DataError, match="'size' is in date_features and in another"):
        mixed_class(numeric_features=["size"], date_features=["size"]).fit(*mixed)


# -- documentation -------------------------------------------------------------------


def test_the_documentation_names_no_parameter_that_is_refused(mixed_class):
    told = mixed_class.__doc__
    words = ("early stopping", "early-stopping", "lbfgs", "init_from", "init_matched_")
    assert [word for word in words if word in told.lower()] == []
    assert "minus the loss, unless `early_stopping_scoring`" in told
    assert "init_matched_" in MLPClassifier.__doc__
