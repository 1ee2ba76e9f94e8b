"""When training ends, and with which weights."""

import itertools
import time
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn import config_context
from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning, UndefinedMetricWarning
from sklearn.metrics import (
    accuracy_score,
    get_scorer,
    log_loss,
    make_scorer,
    mean_pinball_loss,
)
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import Callback

import sknn_suite.estimator._plan
from sknn_suite import MLPClassifier, MLPRegressor
from sknn_suite.exceptions import SuiteWarning

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"  # few epochs are enough here
)

SETTINGS = {
    "hidden_layer_sizes": (8,),
    "activation": "tanh",
    "learning_rate_init": 0.05,
    "batch_size": 30,
    "max_iter": 40,
    "random_state": 0,
}

SMALL = {
    "hidden_layer_sizes": (3,),
    "batch_size": 30,
    "max_iter": 12,
    "learning_rate_init": 0.02,
    "n_iter_no_change": 1000,
    "random_state": 0,
}

EARLY_STOPPING = {**SETTINGS, "early_stopping": True, "validation_fraction": 0.3}


@pytest.fixture
def splits(monkeypatch):
    """Note which rows were split off."""
    noted = []
    split_rows = sknn_suite.estimator._plan.split_rows

    def noting(*args, **kwargs):
        noted.append(split_rows(*args, **kwargs))
        return noted[-1]

    monkeypatch.setattr(sknn_suite.estimator._plan, "split_rows", noting)
    return noted


# -- early stopping ------------------------------------------------------------------


def pinball(y, predicted):
    return mean_pinball_loss(y, predicted, alpha=0.2)


def assert_best_weights_are_restored(model, rows, watcher, splits, reference, own_rows):
    X, y = rows
    if own_rows:
        model.fit(X[:80], y[:80], X_val=X[80:], y_val=y[80:])
        valid = np.arange(80, 120)
    else:
        model.fit(X, y)
        ((_, valid),) = splits
    assert bool(splits) != own_rows
    scorer = get_scorer(reference) if isinstance(reference, str) else reference
    score = scorer(model, X[valid], y[valid])
    assert model.best_score_ == pytest.approx(score, rel=1e-10)
    assert model.best_score_ == max(model.validation_scores_)
    assert model.best_validation_score_ == model.best_score_
    assert model.best_epoch_ == np.argmax(model.validation_scores_) + 1
    best = watcher.epochs[model.best_epoch_ - 1]
    for name, weights in model._fitted_net().weights.items():
        np.testing.assert_array_equal(weights, best[name], err_msg=name)
    scores = [record["valid_score"] for record in model.history_]
    assert scores == model.validation_scores_


def name_of(scoring):
    return getattr(scoring, "__name__", str(scoring))


def own_score(model, X, y):
    return model.score(X, y)


SCORINGS_OF_CLASSES = [
    None,
    "neg_log_loss",
    "roc_auc_ovr",
    "f1_macro",
    make_scorer(accuracy_score),
    own_score,
]
SCORINGS_OF_NUMBERS = [
    None,
    "neg_max_error",
    "neg_mean_absolute_error",
    make_scorer(pinball, greater_is_better=False),
    own_score,
]


@pytest.mark.parametrize("own_rows", [True, False])
@pytest.mark.parametrize("scoring", SCORINGS_OF_CLASSES, ids=name_of)
def test_best_weights_of_a_classifier_are_restored(
    classifier_class, labels, watcher, splits, scoring, own_rows
):
    model = classifier_class(
        **EARLY_STOPPING, early_stopping_scoring=scoring, callbacks=[watcher]
    )
    reference = scoring or "accuracy"
    assert_best_weights_are_restored(
        model, labels, watcher, splits, reference, own_rows
    )


@pytest.mark.parametrize("own_rows", [True, False])
@pytest.mark.parametrize("scoring", SCORINGS_OF_NUMBERS, ids=name_of)
def test_best_weights_of_a_regressor_are_restored(
    regressor_class, numbers, watcher, splits, scoring, own_rows
):
    model = regressor_class(
        **EARLY_STOPPING, early_stopping_scoring=scoring, callbacks=[watcher]
    )
    reference = scoring or "r2"
    assert_best_weights_are_restored(
        model, numbers, watcher, splits, reference, own_rows
    )


@pytest.mark.parametrize("own_rows", [True, False])
def test_best_weights_by_loss_are_restored(labels, splits, own_rows):
    X, y = labels
    model = MLPClassifier(
        **SETTINGS, early_stopping=True, early_stopping_scoring="loss"
    )
    if own_rows:
        model.fit(X[:80], y[:80], X_val=X[80:], y_val=y[80:])
        valid = np.arange(80, 120)
    else:
        model.fit(X, y)
        ((_, valid),) = splits
    loss = log_loss(y[valid], model.predict_proba(X[valid]), labels=[0, 1, 2])
    assert model.best_score_ == pytest.approx(-loss, rel=1e-10)
    losses = [record["valid_loss"] for record in model.history_]
    assert model.best_epoch_ == np.argmin(losses) + 1
    assert -model.best_score_ == min(losses)


@pytest.mark.parametrize("n_iter_no_change", [2, 5])
@pytest.mark.parametrize("tol", [0.0, 0.03])
def test_training_ends_when_the_score_no_longer_improves(labels, n_iter_no_change, tol):
    X, y = labels
    model = MLPClassifier(
        **{**SETTINGS, "max_iter": 200},
        early_stopping=True,
        early_stopping_scoring="neg_log_loss",
        n_iter_no_change=n_iter_no_change,
        tol=tol,
    ).fit(X, y)
    # scikit-learn's counting, over the scores that were recorded
    best, count, ends = -np.inf, 0, None
    for epoch, score in enumerate(model.validation_scores_, 1):
        count = count + 1 if score < best + tol else 0
        best = max(best, score)
        if count > n_iter_no_change:
            ends = epoch
            break
    assert ends == model.n_iter_ < 200


def test_early_stopping_can_be_told_never_to_stop(labels):
    model = MLPClassifier(
        **SETTINGS, early_stopping=True, n_iter_no_change=np.inf, tol=10.0
    ).fit(*labels)
    assert model.n_iter_ == 40
    assert model.best_score_ == max(model.validation_scores_)


@pytest.mark.parametrize("scoring", [None, "loss", "accuracy", "roc_auc_ovr"])
def test_frames_with_names_can_be_scored(labels, scoring):
    X = pd.DataFrame(labels.X).add_prefix("column ")
    model = MLPClassifier(
        **SETTINGS, early_stopping=True, early_stopping_scoring=scoring
    ).fit(X, labels.y)
    assert model.best_score_ == max(model.validation_scores_)


# -- validation rows of one's own ----------------------------------------------------


def test_own_validation_rows_without_early_stopping_are_only_watched(
    estimator_class, rows, scores_of
):
    X, y = rows
    model = estimator_class(**SETTINGS).fit(X, y, X_val=X[:30], y_val=y[:30])
    plain = estimator_class(**SETTINGS).fit(X, y)
    np.testing.assert_array_equal(scores_of(model, X), scores_of(plain, X))
    assert {"valid_loss", "valid_score"} <= set(model.history_[-1])
    assert "valid_loss" not in plain.history_[-1]
    last = model.score(X[:30], y[:30])
    assert model.history_[-1]["valid_score"] == pytest.approx(last)
    assert not hasattr(model, "best_epoch_")


def test_no_training_row_is_set_aside_for_own_validation_rows(numbers):
    X, y = numbers
    model = MLPRegressor(**{**SETTINGS, "max_iter": 3}, early_stopping=True)
    assert model.fit(X, y, X_val=X[:30], y_val=y[:30]).t_ == 3 * 120
    assert model.fit(X, y).t_ == 3 * 108


def test_weights_of_validation_rows_count(labels):
    X, y = labels
    weight = np.random.RandomState(0).uniform(0.1, 5, 40)
    model = MLPClassifier(
        **SETTINGS, early_stopping=True, early_stopping_scoring="neg_log_loss"
    ).fit(X[:80], y[:80], X_val=X[80:], y_val=y[80:], sample_weight_val=weight)
    loss = log_loss(y[80:], model.predict_proba(X[80:]), sample_weight=weight)
    assert model.best_score_ == pytest.approx(-loss, rel=1e-10)
    best = model.history_[model.best_epoch_ - 1]
    assert best["valid_loss"] == pytest.approx(loss, rel=1e-10)


CLASS_WEIGHTS = {"balanced": "balanced", "dict": {0: 5.0, 1: 0.2}, "none": None}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", CLASS_WEIGHTS)
def test_class_weight_counts_in_own_validation_rows_as_in_those_split_off(
    classifier_class, labels, splits, name, weighted
):
    X, y = labels
    X, y = X[y != 2][:70], y[y != 2][:70]
    X, y = np.r_[X, X[y == 0]], np.r_[y, y[y == 0]]  # class 0 is more frequent
    weight = np.random.RandomState(0).uniform(0.1, 5, len(y)) if weighted else None
    model = classifier_class(
        **{**EARLY_STOPPING, "max_iter": 5},
        early_stopping_scoring="neg_log_loss",
        class_weight=CLASS_WEIGHTS[name],
    )
    model.fit(X, y, sample_weight=weight)
    ((_, valid),) = splits
    held_out = np.ones(len(y)) if weight is None else weight
    by_row = held_out.copy()
    if name == "balanced":
        totals = np.array([held_out[y == k].sum() for k in (0, 1)])
        by_row *= (held_out.sum() / (2 * totals))[y]
    elif name == "dict":
        by_row *= np.array([5.0, 0.2])[y]
    expected = log_loss(
        y[valid], model.predict_proba(X[valid]), sample_weight=by_row[valid]
    )
    assert model.best_score_ == pytest.approx(-expected, rel=1e-10)
    # The same rows given as a set of one's own: all rows are training rows then, whose
    # classes "balanced" counts as before.
    model.fit(
        X,
        y,
        sample_weight=weight,
        X_val=X[valid],
        y_val=y[valid],
        sample_weight_val=None if weight is None else weight[valid],
    )
    expected = log_loss(
        y[valid], model.predict_proba(X[valid]), sample_weight=by_row[valid]
    )
    assert model.best_score_ == pytest.approx(-expected, rel=1e-10)
    best = model.history_[model.best_epoch_ - 1]
    assert best["valid_loss"] == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("class_weight", ["balanced", [{0: 1, 1: 7}, {1: 3}]])
def test_class_weight_of_several_labels_counts_in_validation_rows(labels, class_weight):
    X, _ = labels
    y = np.c_[X[:, 0] > 0.7, X[:, 1] > -0.4].astype(int)
    y[80:, 1] = 0  # the validation rows lack a label
    model = MLPClassifier(
        **{**EARLY_STOPPING, "max_iter": 4},
        early_stopping_scoring="loss",
        class_weight=class_weight,
    )
    model.fit(X[:80], y[:80], X_val=X[80:], y_val=y[80:])
    shares = y[:80].mean(axis=0)
    by_class = np.c_[0.5 / (1 - shares), 0.5 / shares]
    if class_weight != "balanced":
        by_class = np.array([[1.0, 7.0], [1.0, 3.0]])
    weight = by_class[0][y[80:, 0]] * by_class[1][y[80:, 1]]
    p = model.predict_proba(X[80:])
    of_rows = -np.where(y[80:] == 1, np.log(p), np.log(1 - p)).sum(axis=1)
    expected = np.average(of_rows, weights=weight)
    assert model.best_score_ == pytest.approx(-expected, rel=1e-10)


def test_validation_rows_may_lack_a_class_that_has_a_weight(labels):
    X, y = labels
    model = MLPClassifier(**SETTINGS, class_weight={0: 2.0, 1: 3.0, 2: 4.0})
    some = y != 1
    model.fit(X, y, X_val=X[some], y_val=y[some])
    weight = np.array([2.0, 3.0, 4.0])[y[some]]
    expected = log_loss(
        y[some], model.predict_proba(X[some]), sample_weight=weight, labels=[0, 1, 2]
    )
    assert model.history_[-1]["valid_loss"] == pytest.approx(expected, rel=1e-10)


def test_validation_rows_may_be_of_any_container(labels):
    X, y = labels
    names = [str(label) for label in y]
    frame = pd.DataFrame(X)
    model = MLPClassifier(**SETTINGS, early_stopping=True)
    model.fit(frame[:80], names[:80], X_val=frame[80:], y_val=names[80:])
    plain = MLPClassifier(**SETTINGS, early_stopping=True)
    plain.fit(X[:80], y[:80], X_val=X[80:], y_val=y[80:])
    assert model.validation_scores_ == plain.validation_scores_


@pytest.mark.parametrize("given", ["X_val", "y_val"])
def test_half_a_validation_set_is_refused(labels, given):
    X, y = labels
    value = X if given == "X_val" else y
    with pytest.raises(ValueError, match="Only one of X_val and y_val"):
        MLPClassifier().fit(X, y, **{given: value})


def test_unusable_validation_rows_are_refused(labels):
    X, y = labels
    with pytest.raises(ValueError, match="features"):
        MLPClassifier().fit(X, y, X_val=X[:, :3], y_val=y)
    with pytest.raises(ValueError, match="classes"):
        MLPClassifier().fit(X, y, X_val=X, y_val=y + 1)
    with pytest.raises(ValueError, match="inconsistent"):
        MLPClassifier().fit(X, y, X_val=X, y_val=y[:5])


def test_pipeline_transforms_the_validation_rows(labels):
    X, y = labels
    X = 100 + 7 * X
    with config_context(enable_metadata_routing=True):
        model = MLPClassifier(**SETTINGS, early_stopping=True)
        model.set_fit_request(X_val=True, y_val=True)
        pipe = Pipeline(
            [("scale", StandardScaler()), ("model", model)], transform_input=["X_val"]
        )
        pipe.fit(X[:80], y[:80], X_val=X[80:], y_val=y[80:])
        assert pipe[-1].best_score_ == pipe.score(X[80:], y[80:])


# -- scores that are no numbers ------------------------------------------------------

NAN, INF = float("nan"), float("inf")


def assert_holds(model, weights):
    """The model has the weights that a net had, bit by bit."""
    own = model._fitted_net().weights
    assert own.keys() == weights.keys()
    for name, tensor in weights.items():
        np.testing.assert_array_equal(own[name], tensor)


def scorer_of(scores):
    """Return a scorer that gives `scores`, one after the other, then the last one."""
    left = list(scores)

    def scorer(model, X, y, sample_weight=None):
        return left.pop(0) if len(left) > 1 else left[0]

    return scorer


@pytest.mark.parametrize(
    ("scores", "best"),
    [
        ([NAN, 0.1, NAN, 0.5, NAN, 0.4, NAN], 4),
        ([0.3, NAN, NAN, NAN], 1),
        ([NAN, NAN, -2.0], 3),
        ([INF, 0.2, INF, 0.3, INF], 4),
        ([-INF, -7.0, -INF, -INF], 2),
    ],
)
def test_best_weights_are_those_of_the_best_finite_score(
    estimator_class, rows, watcher, scores, best
):
    model = estimator_class(
        **{**EARLY_STOPPING, "n_iter_no_change": 100, "max_iter": len(scores)},
        early_stopping_scoring=scorer_of(scores),
        callbacks=[watcher],
    ).fit(*rows)
    np.testing.assert_array_equal(model.validation_scores_, scores)
    assert model.best_epoch_ == best
    assert model.best_score_ == model.best_validation_score_ == scores[best - 1]
    assert_holds(model, watcher.epochs[best - 1])


@pytest.mark.parametrize("bad", [NAN, -INF, INF])
def test_a_score_that_is_no_number_is_no_improvement(labels, bad):
    model = MLPClassifier(
        **{**EARLY_STOPPING, "max_iter": 30},
        n_iter_no_change=3,
        early_stopping_scoring=scorer_of([0.5, bad]),
    ).fit(*labels)
    assert model.n_iter_ == 5  # the first epoch, three that are borne, and one more
    assert model.best_epoch_ == 1


@pytest.mark.parametrize("bad", [NAN, -INF])
@pytest.mark.parametrize("averaging", [None, "swa"])
def test_without_any_finite_score_the_last_weights_are_kept(
    estimator_class, rows, watcher, bad, averaging
):
    model = estimator_class(
        **{**EARLY_STOPPING, "max_iter": 30},
        n_iter_no_change=3,
        averaging=averaging,
        averaging_start=100,
        early_stopping_scoring=scorer_of([bad]),
        callbacks=[watcher],
    )
    with pytest.warns(SuiteWarning, match="No validation score was a finite number"):
        model.fit(*rows)
    assert model.n_iter_ == model.best_epoch_ == 4
    assert np.isnan(model.best_score_)
    assert np.isnan(model.best_validation_score_)
    assert_holds(model, watcher.epochs[-1])


def test_a_warm_start_after_scores_that_were_no_numbers_finds_the_best(labels):
    model = MLPClassifier(
        **{**EARLY_STOPPING, "max_iter": 3},
        warm_start=True,
        early_stopping_scoring=scorer_of([NAN] * 3 + [0.1, 0.7, 0.2]),
    )
    with pytest.warns(SuiteWarning, match="No validation score"):
        model.fit(*labels)
    model.fit(*labels)
    assert model.best_epoch_ == 5
    assert model.best_score_ == 0.7
    with pytest.warns(SuiteWarning, match="No validation score"):
        fresh = MLPClassifier(
            **{**EARLY_STOPPING, "max_iter": 1}, early_stopping_scoring=scorer_of([NAN])
        ).fit(*labels)
    assert fresh.best_epoch_ == 1


def test_a_real_scorer_that_gives_nan_ends_well(numbers):
    X, y = numbers
    model = MLPRegressor(
        **{**EARLY_STOPPING, "max_iter": 3}, early_stopping_scoring="r2"
    )
    with (
        pytest.warns(UndefinedMetricWarning),
        pytest.warns(SuiteWarning, match="'r2' gave nan"),
    ):
        model.fit(X, y, X_val=X[:1], y_val=y[:1])  # R2 needs two rows
    assert np.isfinite(model.predict(X)).all()


# -- groups --------------------------------------------------------------------------


@pytest.mark.parametrize("weighted", [False, True])
def test_no_group_is_in_both_parts(estimator_class, rows, splits, weighted):
    X, y = rows
    groups = np.array([f"patient {i % 17}" for i in range(120)])
    weight = None
    if weighted:
        weight = np.ones(120)
        weight[::5] = 0
    for seed in range(5):
        model = estimator_class(
            **{**SETTINGS, "max_iter": 2, "random_state": seed}, early_stopping=True
        )
        model.fit(X, y, sample_weight=weight, groups=groups)
        train, valid = splits[-1]
        assert not set(groups[train]) & set(groups[valid])
        used = np.arange(120) if weight is None else np.flatnonzero(weight)
        np.testing.assert_array_equal(np.sort(np.concatenate([train, valid])), used)


UNUSABLE_GROUPS = {
    "short": (np.arange(5), "groups has 5 labels for 120 rows"),
    "wide": (np.zeros((120, 2)), r"groups has the shape \(120, 2\)"),
    "nan": (np.r_[np.nan, np.arange(119)], "groups has missing labels"),
    "none": (np.array([None, *"a" * 119]), "groups has missing labels"),
    "mixed": (np.array([1, *"a" * 119], dtype=object), "groups mixes strings and"),
}


@pytest.mark.parametrize("early_stopping", [True, False])
@pytest.mark.parametrize("name", UNUSABLE_GROUPS)
def test_unusable_groups_are_refused(estimator_class, rows, name, early_stopping):
    groups, message = UNUSABLE_GROUPS[name]
    model = estimator_class(early_stopping=early_stopping)
    with pytest.raises(ValueError, match=message + r".*\. Expected .*\. .*\.$"):
        model.fit(*rows, groups=groups)
    assert vars(model).keys() == model.get_params().keys()


@pytest.mark.parametrize(("n_groups", "fraction"), [(1, 0.1), (3, 0.9)])
def test_too_few_groups_are_refused(estimator_class, rows, n_groups, fraction):
    groups = np.arange(120) % n_groups
    model = estimator_class(early_stopping=True, validation_fraction=fraction)
    message = rf"groups holds {n_groups} group\(s\).*\. Expected .*\. Pass .*\.$"
    with pytest.raises(ValueError, match=message):
        model.fit(*rows, groups=groups)


def test_a_group_whose_rows_weigh_nothing_is_none(labels):
    groups = np.arange(120) % 2
    with pytest.raises(ValueError, match="groups holds 1 group"):
        MLPClassifier(early_stopping=True).fit(
            *labels, sample_weight=groups, groups=groups
        )


@pytest.mark.parametrize("kind", [np.asarray, list, pd.Series, "column"])
def test_two_groups_of_any_container_are_enough(labels, splits, kind):
    groups = np.arange(120) % 2
    given = groups[:, None] if kind == "column" else kind(groups)
    MLPClassifier(**{**SETTINGS, "max_iter": 2}, early_stopping=True).fit(
        *labels, groups=given
    )
    ((train, valid),) = splits
    assert len(set(groups[train])) == len(set(groups[valid])) == 1
    assert set(groups[train]) != set(groups[valid])


NO_SPLIT = {
    "no early stopping": {},
    "lbfgs": {"solver": "lbfgs", "early_stopping": True},
    "own validation rows": {"early_stopping": True},
}


@pytest.mark.parametrize("one_group", [True, False])
@pytest.mark.parametrize("name", NO_SPLIT)
def test_groups_make_no_difference_where_no_row_is_set_aside(
    estimator_class, rows, scores_of, name, one_group
):
    X, y = rows
    own = {"X_val": X, "y_val": y} if name == "own validation rows" else {}
    model = estimator_class(**{**SETTINGS, "max_iter": 3}, **NO_SPLIT[name])
    expected = scores_of(model.fit(X, y, **own), X)
    groups = np.zeros(120) if one_group else np.arange(120)
    found = scores_of(model.fit(X, y, groups=groups, **own), X)
    np.testing.assert_array_equal(found, expected)


def test_a_search_can_try_fits_with_and_without_early_stopping(labels):
    with config_context(enable_metadata_routing=True):
        model = MLPClassifier(**{**SETTINGS, "max_iter": 2})
        search = GridSearchCV(
            model.set_fit_request(groups=True),
            {"early_stopping": [True, False]},
            cv=GroupKFold(2),
            error_score="raise",
        )
        search.fit(*labels, groups=np.arange(120) % 20)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_groups_are_routed_through_pipeline_and_search(labels, splits):
    X, y = labels
    groups = np.arange(120) % 20
    with config_context(enable_metadata_routing=True):
        model = MLPClassifier(**{**SETTINGS, "max_iter": 2}, early_stopping=True)
        model.set_fit_request(groups=True)
        search = GridSearchCV(
            make_pipeline(StandardScaler(), model),
            {"mlpclassifier__alpha": [0.1, 1.0]},
            cv=GroupKFold(2),
            error_score="raise",
        )
        search.fit(X, y, groups=groups)
    assert len(splits) == 5
    train, valid = splits[-1]  # of the refit, on all rows
    assert not set(groups[train]) & set(groups[valid])
    for train, valid in splits[:-1]:
        assert len(train) + len(valid) == 60


# -- time ----------------------------------------------------------------------------


class Slow(Callback):
    """Makes each batch take as long as a real one might."""

    def on_batch_end(self, net, training=False, **kwargs):
        if training:
            time.sleep(0.01)


def test_max_time_ends_training_after_a_batch(drop_in_class, rows, watcher):
    X, y = rows
    model = drop_in_class(
        **{**SETTINGS, "batch_size": 2, "max_iter": 10**6},
        max_time=0.1,
        callbacks=[Slow(), watcher],
    )
    started = time.perf_counter()
    model.fit(X, y)
    assert time.perf_counter() - started < 5
    assert model.n_iter_ == 1
    assert 1 <= len(watcher.steps) <= 11  # an epoch has 60
    assert_holds(model, watcher.steps[-1])
    assert np.isfinite(model.loss_)
    assert model.predict(X).shape == y.shape


@pytest.mark.parametrize("params", [{"averaging": "swa", "early_stopping": True}, {}])
def test_what_max_time_leaves_can_go_on(labels, params, monkeypatch):
    # A clock on which every look takes a hundredth of a second.
    clock = itertools.count(0.0, 0.01)
    monkeypatch.setattr(
        "sknn_suite.training._net.time", SimpleNamespace(perf_counter=clock.__next__)
    )
    X, y = labels
    settings = {**SETTINGS, "max_iter": 10**6, "tol": 0.0, "n_iter_no_change": 10**6}
    model = MLPClassifier(**settings, **params, max_time=0.4, warm_start=True)
    first = model.fit(X, y).n_iter_
    assert first > 1
    assert len(model.history_) == len(model.loss_curve_) == first
    model.fit(X, y)
    assert len(model.history_) == first + model.n_iter_


def test_max_time_that_is_not_reached_changes_nothing(labels, scores_of):
    X, y = labels
    plain = MLPClassifier(**SETTINGS).fit(X, y)
    timed = MLPClassifier(**SETTINGS, max_time=1000.0).fit(X, y)
    np.testing.assert_array_equal(plain.predict_proba(X), timed.predict_proba(X))


def test_the_reason_for_the_end_can_be_told_from_a_warning(labels):
    X, y = labels
    with pytest.warns(ConvergenceWarning):
        MLPClassifier(**{**SETTINGS, "max_iter": 2}).fit(X, y)


def test_stopping_can_be_searched():
    X, y = make_classification(random_state=0)
    grid = [
        {"early_stopping": [True], "early_stopping_scoring": [None, "loss", "f1"]},
        {"max_time": [0.05, 100.0]},
    ]
    model = MLPClassifier((4,), max_iter=3)
    search = GridSearchCV(model, grid, cv=2, error_score="raise").fit(X, y)
    assert len(search.cv_results_["params"]) == 5


def test_a_skorch_callback_can_stop_on_the_validation_loss(labels):
    from skorch.callbacks import EarlyStopping

    X, y = labels
    stopping = EarlyStopping(monitor="valid_loss", patience=3, sink=lambda text: None)
    model = MLPClassifier(
        **{**SETTINGS, "max_iter": 300, "learning_rate_init": 0.2, "tol": 0.0},
        n_iter_no_change=300,
        callbacks=[stopping],
    ).fit(X[:80], y[:80], X_val=X[80:], y_val=y[80:])
    losses = torch.tensor([record["valid_loss"] for record in model.history_])
    assert model.n_iter_ < 300
    assert losses.argmin() <= model.n_iter_ - 3


def test_lbfgs_watches_own_validation_rows_or_leaves_them(numbers):
    X, y = numbers
    model = MLPRegressor(**SMALL, solver="lbfgs").fit(X, y, X_val=X, y_val=y)
    assert model.predict(X).shape == y.shape


def test_lbfgs_ends_after_max_time():
    random = np.random.RandomState(0)
    X, y = random.randn(2000, 20), random.randint(0, 3, 2000)
    model = MLPClassifier(
        (50, 50), solver="lbfgs", max_iter=10**6, max_fun=10**6, tol=0.0, max_time=0.1
    )
    started = time.perf_counter()
    model.fit(X, y)
    assert time.perf_counter() - started < 5
    assert model.predict(X).shape == y.shape


def test_warm_start_that_makes_it_worse_keeps_the_best(two_classes):
    X, y = two_classes
    model = MLPClassifier(
        **{**SMALL, "max_iter": 40}, warm_start=True, early_stopping=True
    ).set_params(validation_fraction=0.3)
    best = model.fit(X, y).best_score_
    model.set_params(max_iter=3, learning_rate_init=3.0).fit(X, y)
    assert model.best_score_ >= best
