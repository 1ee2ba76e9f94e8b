"""What every estimator promises beyond scikit-learn's contract, one test each."""

import copy
import functools
import itertools
import math
import threading
import warnings

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from sklearn.base import clone, is_classifier
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.ensemble import BaggingRegressor
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import Callback

from sknn_suite import MLPClassifier
from sknn_suite.doors import _callers
from sknn_suite.exceptions import DeviceError, DivergedError, InterruptedWarning

pytestmark = [
    # Few epochs are enough here.
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    # scikit-learn's search for NaN adds up numbers near the largest float.
    pytest.mark.filterwarnings("ignore:invalid value encountered in reduce"),
]

SMALL = {"hidden_layer_sizes": (8,), "random_state": 0, "tol": 0.0}


# -- randomness ----------------------------------------------------------------------


@pytest.mark.parametrize("random_state", [0, None])
def test_global_random_states_are_bit_identical_after_every_call(
    estimator_class, rows, global_randomness, random_state
):
    X, y = rows
    model = estimator_class(
        max_iter=3, dropout=0.3, activation="rrelu", early_stopping=True
    ).set_params(random_state=random_state)
    before = global_randomness()
    model.fit(X, y)
    model.predict(X)
    model.set_params(early_stopping=False).partial_fit(X, y)
    model.set_params(warm_start=True).fit(X, y)
    assert global_randomness() == before


def test_refitting_the_same_object_gives_the_same_bits(
    estimator_class, rows, scores_of
):
    X, y = rows
    model = estimator_class(
        **SMALL, max_iter=5, dropout=0.3, batch_size=32, early_stopping=True
    )
    first = scores_of(model.fit(X, y), X)
    second = scores_of(model.fit(X, y), X)
    other = scores_of(clone(model).set_params(random_state=1).fit(X, y), X)
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, other)


def test_another_seed_of_numpy_changes_nothing(estimator_class, rows, scores_of):
    X, y = rows
    results = []
    for seed in (0, 1):
        np.random.seed(seed)
        torch.random.default_generator.manual_seed(seed)
        model = estimator_class(**SMALL, max_iter=3, dropout=0.3, batch_size=32)
        results.append(scores_of(model.fit(X, y), X))
    np.testing.assert_array_equal(*results)


@pytest.mark.parametrize("hidden", [(16,), (300, 300)], ids=["small", "large"])
def test_two_fits_in_two_threads_equal_the_serial_fits(
    estimator_class, rows, scores_of, hidden
):
    X, y = rows
    models = [
        estimator_class(
            hidden_layer_sizes=hidden,
            max_iter=10,
            dropout=0.2,
            batch_size=30,
            random_state=seed,
        )
        for seed in (0, 1)
    ]
    serial = [scores_of(clone(model).fit(X, y), X) for model in models]
    threads = [threading.Thread(target=model.fit, args=(X, y)) for model in models]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for model, expected in zip(models, serial):
        np.testing.assert_array_equal(scores_of(model, X), expected)


def test_a_fresh_model_can_be_asked_by_many_threads_at_once(
    estimator_class, rows, scores_of
):
    X, y = rows
    model = estimator_class(**SMALL, max_iter=2).fit(X, y)
    expected = scores_of(model, X)
    wrong = []

    def ask(model, barrier):
        barrier.wait()
        try:
            if not np.array_equal(scores_of(model, X), expected):
                wrong.append("other numbers")
        except Exception as error:
            wrong.append(repr(error))

    for _ in range(20):
        fresh = copy.deepcopy(model)  # without a module in memory
        barrier = threading.Barrier(4)
        threads = [threading.Thread(target=ask, args=(fresh, barrier)) for _ in "1234"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


# -- rows and batches ----------------------------------------------------------------


def test_fewer_rows_than_a_batch_are_enough(estimator_class, rows, scores_of):
    X, y = rows
    model = estimator_class(**SMALL, max_iter=3)
    few = clone(model).fit(X[:20], y[:20])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # scikit-learn's, of clipping
        clipped = clone(model).set_params(batch_size=1000).fit(X[:20], y[:20])
    np.testing.assert_array_equal(scores_of(few, X), scores_of(clipped, X))


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_a_last_batch_of_one_row_works_with_batch_norm(
    estimator_class, rows, scores_of, solver
):
    X, y = rows.X[:41], rows.y[:41]
    model = estimator_class(
        **SMALL, max_iter=3, batch_norm=True, batch_size=20, solver=solver
    ).fit(X, y)
    assert np.isfinite(scores_of(model, X)).all()
    assert model.t_ == 3 * 41


@pytest.mark.parametrize("changes", [{}, {"batch_norm": True, "dropout": 0.5}])
def test_a_row_alone_is_predicted_like_the_row_in_a_batch(
    estimator_class, rows, scores_of, changes
):
    X, y = rows
    model = estimator_class(**SMALL, max_iter=3, **changes).fit(X, y)
    together = scores_of(model, X)
    alone = np.concatenate([scores_of(model, row[None]) for row in X])
    np.testing.assert_allclose(alone, together, rtol=1e-12, atol=1e-14)
    many = scores_of(model, np.tile(X, (40, 1)))  # more than a chunk
    np.testing.assert_allclose(many, np.tile(together.T, 40).T, rtol=1e-12, atol=1e-14)


# -- what X and y may be -------------------------------------------------------------

LABELS = {
    "str": ("ham", "spam"),
    "bool": (False, True),
    "signs": (-1, 1),
    "five and seven": (5, 7),
    "floats": (0.0, 1.0),
    "object": np.array(["no", "yes"], dtype=object),
    "three": ("a", "b", "c"),
    "three objects": np.array(["a", "b", "c"], dtype=object),
}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"early_stopping": True},
        {"early_stopping": True, "solver": "sgd", "batch_norm": True},
        {"solver": "lbfgs"},
        {"class_weight": "balanced", "loss": "focal"},
        {"batch_sampling": "balanced", "early_stopping": True},
        {"loss": "logit_adjusted", "early_stopping": True},
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", LABELS)
def test_predictions_are_labels_as_they_were_given(
    classifier_class, labels, two_classes, kind, changes
):
    names = np.asarray(LABELS[kind])
    X, codes = labels if len(names) == 3 else two_classes
    y = names[codes]
    model = classifier_class(**SMALL, max_iter=30, learning_rate_init=0.02, **changes)
    model.fit(X, y)
    np.testing.assert_array_equal(model.classes_, np.unique(y))
    predicted = model.predict(X)
    assert predicted.dtype == model.classes_.dtype
    assert set(predicted) <= set(y)
    assert (predicted == y).mean() > 1.2 / len(names)
    proba = model.predict_proba(X)
    assert proba.shape == (len(X), len(names))
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    np.testing.assert_array_equal(model.classes_[proba.argmax(axis=1)], predicted)


def test_partial_fit_takes_all_kinds_of_labels(classifier_class, two_classes):
    X, codes = two_classes
    for names in LABELS.values():
        names = np.asarray(names)[:2]
        model = classifier_class(**SMALL)
        for part in (slice(0, 60), slice(60, 120)):
            model.partial_fit(X[part], names[codes[part]], classes=names)
        assert set(model.predict(X)) <= set(names)


def test_a_column_vector_y_gives_the_same_loss_as_a_flat_one(regressor_class, numbers):
    X, y = numbers
    model = regressor_class(**SMALL, max_iter=5, batch_size=32)
    flat = clone(model).fit(X, y)
    with pytest.warns(DataConversionWarning, match="column-vector y was passed"):
        column = clone(model).fit(X, y[:, None])
    assert column.loss_curve_ == flat.loss_curve_
    assert column.predict(X).shape == (len(X),)


WHOLE = np.arange(120 * 4).reshape(120, 4) * 7919 % 13 - 6  # whole numbers in [-6, 6]

TABLES = {
    "float64": lambda X: X.astype(np.float64),
    "int64": lambda X: X.astype(np.int64),
    "int8": lambda X: X.astype(np.int8),
    "list": lambda X: X.tolist(),
    "Fortran order": lambda X: np.asfortranarray(X.astype(float)),
    "read-only": lambda X: _read_only(X.astype(float)),
    "reversed view": lambda X: X.astype(float)[::-1][::-1],
    "object": lambda X: X.astype(object),
    "pandas": lambda X: pd.DataFrame(X, columns=list("abcd")).astype(float),
    "pandas nullable": lambda X: pd.DataFrame(X, columns=list("abcd")).astype("Int64"),
    "pandas mixed": lambda X: pd.DataFrame(X, columns=list("abcd")).astype(
        {"a": "float32", "b": "Float64", "c": "int8"}
    ),
    "polars": lambda X: pl.DataFrame(X, schema=list("abcd")),
    "torch": lambda X: torch.tensor(X, dtype=torch.float64),
}


def _read_only(X):
    X.flags.writeable = False
    return X


@pytest.mark.parametrize("kind", TABLES)
def test_the_same_numbers_in_another_container_give_the_same_predictions(
    estimator_class, rows, scores_of, kind
):
    X, y = TABLES[kind](WHOLE), rows.y
    model = estimator_class(**SMALL, max_iter=3)
    expected = scores_of(clone(model).fit(WHOLE.astype(float), y), WHOLE.astype(float))
    np.testing.assert_array_equal(scores_of(model.fit(X, y), X), expected)


def test_float32_agrees_with_float64_to_its_precision(estimator_class, rows, scores_of):
    X, y = rows
    model = estimator_class(**SMALL, max_iter=5)
    single = scores_of(clone(model).fit(X.astype(np.float32), y), X.astype(np.float32))
    double = scores_of(clone(model).fit(X, y), X)
    assert single.dtype == np.float32
    assert double.dtype == np.float64
    np.testing.assert_allclose(single, double, atol=1e-3)


def test_bool_columns_are_zeros_and_ones(estimator_class, rows, scores_of):
    X, y = rows.X > 0, rows.y
    model = estimator_class(**SMALL, max_iter=3)
    expected = scores_of(clone(model).fit(X.astype(float), y), X.astype(float))
    for same in (X, pd.DataFrame(X), pl.DataFrame(X)):
        same_columns = same
        if not isinstance(same, np.ndarray):
            same_columns = same.rename(
                {old: f"c{i}" for i, old in enumerate(same.columns)}
                if isinstance(same, pl.DataFrame)
                else str,
                **({} if isinstance(same, pl.DataFrame) else {"axis": 1}),
            )
        got = scores_of(clone(model).fit(same_columns, y), same_columns)
        np.testing.assert_array_equal(got, expected)


TARGETS = {
    "list": list,
    "pandas": pd.Series,
    "pandas nullable": lambda y: pd.Series(y).convert_dtypes(),
    "pandas with an index": lambda y: pd.Series(y, index=np.arange(len(y))[::-1]),
    "polars": pl.Series,
    "torch": torch.tensor,
}


@pytest.mark.parametrize("kind", TARGETS)
@pytest.mark.parametrize("early_stopping", [False, True])
def test_the_same_target_in_another_container_gives_the_same_predictions(
    estimator_class, rows, scores_of, kind, early_stopping
):
    X, y = rows
    model = estimator_class(**SMALL, max_iter=3, early_stopping=early_stopping)
    expected = scores_of(clone(model).fit(X, y), X)
    got = scores_of(clone(model).fit(X, TARGETS[kind](y)), X)
    np.testing.assert_array_equal(got, expected)


# -- faults --------------------------------------------------------------------------


def _with_nan(X):
    X = X.copy()
    X[3, 2] = np.nan
    return X


def _huge(X):
    """Finite numbers whose products overflow."""
    return np.sign(X) * 1.7e308


BAD_ROWS = {
    "NaN": (_with_nan, "contains NaN"),
    "inf": (lambda X: np.where(X[3, 2] == X, np.inf, X), "infinity"),
    "width": (lambda X: X[:, :-1], "features"),
    "one axis": (lambda X: X[:, 0], "Expected 2D array"),
    "three axes": (lambda X: X[None], "dim"),
    "words": (lambda X: np.full(X.shape, "word"), "could not convert string"),
    "complex": (lambda X: X * 1j, "Complex data not supported"),
    "overflow": (_huge, "non-finite"),
    "none left": (lambda X: X[:0], "0 sample|minimum of 1"),
    "too few": (lambda X: X[:5], "inconsistent numbers of samples"),
}


def takes_images(model):
    """Whether three axes are images."""
    return model.__sklearn_tags__().input_tags.three_d_array


@pytest.mark.parametrize("method", ["fit", "warm fit", "partial_fit"])
@pytest.mark.parametrize("fault", BAD_ROWS)
def test_a_failed_fit_leaves_the_fitted_state_untouched(
    estimator_class, rows, scores_of, snapshot, same_state, fault, method
):
    X, y = rows
    spoil, message = BAD_ROWS[fault]
    model = estimator_class(
        **SMALL, max_iter=3, batch_size=50, warm_start=method == "warm fit"
    )
    model.fit(X, y)
    state, before = snapshot(model), scores_of(model, X)
    again = model.partial_fit if method == "partial_fit" else model.fit
    if (fault, method) == ("width", "fit"):
        pytest.skip("a fit that starts anew may be of another width")
    if (fault, method) == ("three axes", "fit") and takes_images(model):
        message = "inconsistent numbers of samples"  # one image, 120 labels
    with pytest.raises(ValueError, match=message):
        again(spoil(X), y)
    assert same_state(snapshot(model), state)
    np.testing.assert_array_equal(scores_of(model, X), before)
    again(X, y)  # a failed fit can be followed by a good one


@pytest.mark.parametrize("fault", BAD_ROWS)
def test_bad_rows_are_refused_by_predict_and_harm_nothing(
    estimator_class, rows, scores_of, fault
):
    if fault in {"overflow", "too few"}:
        pytest.skip("these can be predicted")
    X, y = rows
    spoil, message = BAD_ROWS[fault]
    model = estimator_class(**SMALL, max_iter=3).fit(X, y)
    before = scores_of(model, X)
    with pytest.raises(ValueError, match=message):
        model.predict(spoil(X))
    np.testing.assert_array_equal(scores_of(model, X), before)


class _FailsIn(Callback):
    """Raise in the epoch of that number; 0 is never."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_batch_begin(self, net, **kwargs):
        if net.epoch_ == self.epoch:
            raise RuntimeError("it is over")


def test_a_generator_given_by_the_user_is_advanced_by_good_fits_alone(
    public_class, rows, same_state
):
    source = np.random.RandomState(0)
    model = public_class(random_state=source, max_iter=2)
    if "hidden_sizes" in model.get_params():
        model.set_params(hidden_sizes=4, dense_size=4)
    before = source.get_state(legacy=False)
    with pytest.raises(ValueError, match=r"\w"):
        model.fit(rows.X[:0], rows.y[:0])
    for epoch in (1, 2):
        model.set_params(callbacks=[_FailsIn(epoch)])
        with pytest.raises(RuntimeError, match="it is over"):
            model.fit(*rows)
        assert same_state(source.get_state(legacy=False), before)
    model.set_params(callbacks=None).fit(*rows)
    after = source.get_state(legacy=False)
    assert not same_state(after, before)
    # As far as by the same fit with nothing before it.
    other = np.random.RandomState(0)
    model.set_params(random_state=other).fit(*rows)
    assert same_state(other.get_state(legacy=False), after)


def test_a_failed_first_fit_leaves_the_estimator_unfitted(estimator_class, rows):
    X, y = rows
    model = estimator_class(**SMALL, max_iter=3)
    for method in (model.fit, functools.partial(_first_partial_fit, model)):
        with pytest.raises(ValueError, match="non-finite"):
            method(_huge(X), y)
        assert vars(model).keys() == model.get_params().keys()


def _first_partial_fit(model, X, y):
    if is_classifier(model):
        return model.partial_fit(X, y, classes=np.unique(y))
    return model.partial_fit(X, y)


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_a_diverging_loss_names_epoch_and_remedies(drop_in_class, rows, solver):
    X, y = rows
    model = drop_in_class(**SMALL, solver=solver, max_iter=20)
    with pytest.raises(DivergedError, match=r"epoch \d+") as caught:
        model.fit(_huge(X), y)
    for remedy in ("StandardScaler", "learning_rate_init", "alpha"):
        assert remedy in str(caught.value)
    assert isinstance(caught.value, ValueError)


def test_a_rate_that_is_too_high_is_reported_with_its_epoch(regressor_class, numbers):
    X, y = numbers
    model = regressor_class(
        **SMALL, solver="sgd", learning_rate_init=50.0, max_iter=100, activation="relu"
    )
    with pytest.raises(DivergedError, match=r"epoch \d+.*learning rate 50"):
        model.fit(X, y)


class _CtrlC(Callback):
    """Press Ctrl-C in the given batch of the given epoch."""

    def __init__(self, epoch, batch=1):
        self.epoch = epoch
        self.batch = batch

    def on_epoch_begin(self, net, **kwargs):
        self.n_batches = 0

    def on_batch_end(self, net, training=True, **kwargs):
        self.n_batches += 1
        now = len(net.history), self.n_batches
        if training and now == (self.epoch, self.batch):
            raise KeyboardInterrupt


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("epoch", [2, 4])
def test_ctrl_c_warns_and_keeps_a_usable_state(
    estimator_class, rows, scores_of, epoch, early_stopping
):
    X, y = rows
    model = estimator_class(
        **SMALL,
        max_iter=20,
        batch_size=25,
        early_stopping=early_stopping,
        callbacks=[_CtrlC(epoch, batch=2)],
    )
    kept = "best epoch so far" if early_stopping else "last batch"
    with pytest.warns(InterruptedWarning, match=f"by user. The weights of the {kept} "):
        model.fit(X, y)
    assert model.n_iter_ == len(model.loss_curve_) == len(model.history_) == epoch - 1
    assert np.isfinite(scores_of(model, X)).all()
    copy.deepcopy(model).predict(X)
    model.set_params(callbacks=None, max_iter=3).fit(X, y)
    assert model.n_iter_ == 3


@pytest.mark.parametrize("warm_start", [False, True])
def test_ctrl_c_before_the_first_epoch_is_over_leaves_the_estimator_as_it_was(
    estimator_class, rows, snapshot, same_state, warm_start
):
    X, y = rows
    model = estimator_class(**SMALL, batch_size=25, max_iter=2)
    if warm_start:
        model.set_params(warm_start=True).fit(X, y)
    before = snapshot(model)
    with pytest.raises(KeyboardInterrupt):
        model.set_params(callbacks=[_CtrlC(1, batch=2)]).fit(X, y)
    assert same_state(model.set_params(callbacks=None).__getstate__(), before)
    assert hasattr(model, "n_iter_") == warm_start


def test_ctrl_c_under_early_stopping_keeps_the_best_weights(
    drop_in_class, rows, scores_of
):
    X, y = rows
    model = drop_in_class(
        **SMALL, batch_size=25, early_stopping=True, n_iter_no_change=100
    )
    uninterrupted = clone(model).set_params(max_iter=12).fit(X, y)
    with pytest.warns(InterruptedWarning):
        model.set_params(callbacks=[_CtrlC(13)], max_iter=20).fit(X, y)
    assert model.best_validation_score_ == uninterrupted.best_validation_score_
    np.testing.assert_array_equal(scores_of(model, X), scores_of(uninterrupted, X))


class _CtrlCInEveryFit(Callback):
    """Press Ctrl-C in the second epoch of each fit, and count how often."""

    presses = 0  # of the class, because a search makes copies

    def on_batch_begin(self, net, training=False, **kwargs):
        if training and len(net.history) == 2:
            _CtrlCInEveryFit.presses += 1
            raise KeyboardInterrupt


@pytest.mark.parametrize("around", ["search", "folds", "bagging", "joblib"])
def test_one_ctrl_c_ends_a_search_and_other_programs_of_many_fits(
    drop_in_class, rows, around, monkeypatch
):
    X, y = rows
    monkeypatch.setattr(_CtrlCInEveryFit, "presses", 0)
    model = drop_in_class(**SMALL, callbacks=[_CtrlCInEveryFit()])
    ways = {
        "search": lambda: GridSearchCV(model, {"alpha": [0.1, 1.0]}, cv=2).fit(X, y),
        "folds": lambda: cross_val_score(model, X, y, cv=2),
        "bagging": lambda: BaggingRegressor(model, n_estimators=2).fit(X, y),
        "joblib": lambda: joblib.Parallel(1)([joblib.delayed(model.fit)(X, y)]),
    }
    with pytest.raises(KeyboardInterrupt):
        ways[around]()
    assert _CtrlCInEveryFit.presses == 1
    with pytest.warns(InterruptedWarning):  # a Pipeline is one fit of the user's own
        make_pipeline(StandardScaler(), model).fit(X, y)


def _run_in_thread(function):
    """Run a function where pytest has not called it: tests may press often."""
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()


@pytest.mark.parametrize("seconds", [0.5, 5.0])
def test_a_second_ctrl_c_soon_after_the_first_ends_a_loop_of_fits(
    drop_in_class, rows, seconds, monkeypatch
):
    X, y = rows
    clock = itertools.count(0.0, seconds)
    monkeypatch.setattr(_callers.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(_callers, "_last_press", -math.inf)
    ended = []

    def loop():
        model = drop_in_class(**SMALL, callbacks=[_CtrlCInEveryFit()])
        try:
            for number in range(2):
                model.fit(X, y)
                ended.append(number)
        except KeyboardInterrupt:
            ended.append("loop")

    with pytest.warns(InterruptedWarning):
        _run_in_thread(loop)
    assert ended == ([0, "loop"] if seconds < 1 else [0, 1])


def test_ctrl_c_in_lbfgs_keeps_a_usable_state(estimator_class, rows, scores_of):
    class CtrlCInIteration(Callback):
        def on_epoch_begin(self, net, **kwargs):
            if len(net.history) == 4:
                raise KeyboardInterrupt

    X, y = rows
    model = estimator_class(
        **SMALL, solver="lbfgs", callbacks=[CtrlCInIteration()], max_iter=20
    )
    with pytest.warns(InterruptedWarning):
        model.fit(X, y)
    assert model.n_iter_ == 3
    assert np.isfinite(scores_of(model, X)).all()


def test_a_missing_gpu_is_named_together_with_what_is_there(
    estimator_class, rows, monkeypatch
):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    X, y = rows
    model = estimator_class(**SMALL, max_iter=2, device="cuda")
    with pytest.raises(DeviceError, match=r"device='cuda' is not available.*cpu"):
        model.fit(X, y)
    assert "coefs_" not in vars(model)


def test_a_device_that_is_no_device_is_refused(estimator_class, rows):
    X, y = rows
    with pytest.raises(ValueError, match="abacus"):
        estimator_class(device="abacus").fit(X, y)


# -- weights -------------------------------------------------------------------------


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_weight_two_equals_a_repeated_row(estimator_class, rows, scores_of, solver):
    X, y = rows
    weight = np.random.RandomState(0).randint(1, 4, len(X))
    model = estimator_class(
        **SMALL, max_iter=5, solver=solver, batch_size=1000, shuffle=False
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of the clipped batch size
        weighted = clone(model).fit(X, y, sample_weight=weight)
        repeated = clone(model).fit(np.repeat(X, weight, 0), np.repeat(y, weight, 0))
    assert weighted.loss_ == pytest.approx(repeated.loss_, rel=1e-9)
    np.testing.assert_allclose(
        scores_of(weighted, X), scores_of(repeated, X), rtol=1e-6, atol=1e-7
    )


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"batch_size": 16},
        {"batch_size": 16, "early_stopping": True},
        {"batch_size": 16, "dropout": 0.2, "batch_norm": True},
        {"batch_size": 16, "solver": "sgd", "learning_rate": "invscaling"},
        {"solver": "lbfgs"},
    ],
    ids=str,
)
def test_weight_zero_equals_no_row(estimator_class, rows, scores_of, changes):
    X, y = rows
    weight = np.random.RandomState(0).randint(0, 3, len(X)).astype(float)
    model = estimator_class(**SMALL, max_iter=5, **changes)
    zero = clone(model).fit(X, y, sample_weight=weight)
    kept = weight > 0
    removed = clone(model).fit(X[kept], y[kept], sample_weight=weight[kept])
    np.testing.assert_array_equal(scores_of(zero, X), scores_of(removed, X))
    assert zero.loss_ == removed.loss_
    assert zero.t_ == removed.t_


def test_weights_may_be_scaled_when_there_is_no_penalty(
    estimator_class, rows, scores_of
):
    X, y = rows
    weight = np.random.RandomState(0).uniform(0.5, 2, len(X))
    model = estimator_class(**SMALL, max_iter=5, alpha=0.0, batch_size=32)
    once = clone(model).fit(X, y, sample_weight=weight)
    tenfold = clone(model).fit(X, y, sample_weight=10 * weight)
    np.testing.assert_allclose(scores_of(once, X), scores_of(tenfold, X), rtol=1e-9)


def test_a_heavy_row_is_learnt_first(estimator_class, rows):
    X, y = rows
    weight = np.ones(len(X))
    weight[:10] = 1000
    model = estimator_class(**SMALL, max_iter=100, learning_rate_init=0.02)
    plain = clone(model).fit(X, y).score(X[:10], y[:10])
    heavy = clone(model).fit(X, y, sample_weight=weight).score(X[:10], y[:10])
    assert heavy >= plain
    assert heavy > 0.9


# -- learning ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"solver": "sgd", "learning_rate_init": 0.05},
        {"solver": "lbfgs", "alpha": 20.0},
        {"early_stopping": True},
        {"dropout": 0.2, "batch_norm": True},
        {"precision": "bfloat16"},
    ],
    ids=str,
)
def test_real_data_is_learnt(drop_in_class, changes):
    classifies = is_classifier(drop_in_class())
    load = load_breast_cancer if classifies else load_diabetes
    X, y = load(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    y = y if classifies else (y - y.mean()) / y.std()
    X, X_test, y, y_test = train_test_split(X, y, random_state=0)
    start = drop_in_class(random_state=0, max_iter=1, tol=0.0)
    start.set_params(**changes).fit(X, y)
    model = drop_in_class(random_state=0, max_iter=60, alpha=1e-2)
    model.set_params(**changes).fit(X, y)
    for before, after in zip(start.coefs_, model.coefs_):
        assert np.abs(after - before).max() > 1e-4  # every layer has moved
    assert model.loss_ < 0.8 * start.loss_
    assert np.std(model.predict(X_test).astype(float)) > 0.1
    assert model.score(X_test, y_test) > (0.93 if classifies else 0.2)


def test_history_has_a_record_of_every_epoch(estimator_class, rows):
    X, y = rows
    model = estimator_class(
        **SMALL, max_iter=4, solver="sgd", learning_rate="invscaling", warm_start=True
    ).fit(X, y)
    assert [row["epoch"] for row in model.history_] == [1, 2, 3, 4]
    assert [row["train_loss"] for row in model.history_] == model.loss_curve_
    rates = [row["learning_rate"] for row in model.history_]
    assert rates == sorted(rates, reverse=True)
    assert rates[0] > rates[-1]
    assert all(row["seconds"] > 0 for row in model.history_)
    assert len({frozenset(row) for row in model.history_}) == 1
    model.set_params(early_stopping=True).fit(X, y)
    assert [row["epoch"] for row in model.history_] == list(range(1, 9))
    last = model.history_[-1]
    assert last["valid_score"] == model.validation_scores_[-1]
    assert last["valid_loss"] > 0


def test_history_has_no_torch_object_and_the_lbfgs_losses(estimator_class, rows):
    X, y = rows
    model = estimator_class(**SMALL, max_iter=5, solver="lbfgs").fit(X, y)
    losses = [row["train_loss"] for row in model.history_]
    assert len(losses) == model.n_iter_ == 5
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] == pytest.approx(model.loss_)
    assert all(type(v) in (int, float) for row in model.history_ for v in row.values())


def test_partial_fit_k_times_equals_k_epochs_of_fit(drop_in_class, rows, scores_of):
    X, y = rows  # one batch an epoch, so that the order of rows does not matter
    model = drop_in_class(**SMALL, max_iter=6)
    fitted = clone(model).fit(X, y)
    for _ in range(6):
        _first_partial_fit(model, X, y)
    np.testing.assert_allclose(scores_of(model, X), scores_of(fitted, X), rtol=1e-9)
    np.testing.assert_allclose(model.loss_curve_, fitted.loss_curve_, rtol=1e-9)
    assert model.t_ == fitted.t_
    assert model.n_iter_ == 1


def test_a_warm_start_goes_on_where_the_last_fit_ended(drop_in_class, rows, scores_of):
    X, y = rows
    model = drop_in_class(**SMALL, max_iter=6, batch_size=32)
    at_once = clone(model).fit(X, y)
    model.set_params(max_iter=3, warm_start=True).fit(X, y)
    first = list(model.loss_curve_)
    model.fit(X, y)
    assert model.loss_curve_[:3] == first == at_once.loss_curve_[:3]
    assert len(model.loss_curve_) == 6
    assert model.loss_curve_[-1] < first[-1]


def test_warm_start_with_another_width_is_refused_and_with_layers_too(
    estimator_class, rows
):
    X, y = rows
    model = estimator_class(**SMALL, max_iter=2, warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match="features"):
        model.fit(X[:, :3], y)


@pytest.mark.parametrize("precision", ["float32", "float64", "bfloat16", "auto"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_weights_have_the_type_of_the_arithmetic_and_predictions_that_of_x(
    drop_in_class, rows, scores_of, precision, dtype
):
    X, y = rows.X.astype(dtype), rows.y
    model = drop_in_class(**SMALL, max_iter=3, precision=precision).fit(X, y)
    kinds = {"float64": np.float64, "auto": dtype}  # weights of bfloat16 are float32
    of_arithmetic = np.dtype(kinds.get(precision, np.float32))
    assert {w.dtype for w in model.coefs_ + model.intercepts_} == {of_arithmetic}
    assert scores_of(model, X).dtype == dtype
    reference = drop_in_class(**SMALL, max_iter=3).fit(rows.X, y)
    tolerance = 0.05 if precision == "bfloat16" else 1e-3
    np.testing.assert_allclose(
        scores_of(model, X), scores_of(reference, rows.X), atol=tolerance
    )


# -- callbacks -----------------------------------------------------------------------


class _StopAfter:
    """A callback of scikit-learn's kind that asks for an end after n epochs."""

    def __init__(self, n):
        self.n = n
        self.n_seen = 0
        self.fitted_scores = []

    def setup(self, estimator, context):
        self.n_seen = 0

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context, **kwargs):
        pass

    def on_fit_task_end(
        self, estimator, context, *, X=None, y=None, fitted_estimator=None
    ):
        if context.task_name != "epoch":
            return False
        self.fitted_scores.append(fitted_estimator.score(X, y))
        self.n_seen += 1
        return self.n_seen >= self.n


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_a_stop_signal_ends_training_without_a_convergence_warning(
    estimator_class, rows, solver
):
    X, y = rows
    model = estimator_class(
        **SMALL, max_iter=50, solver=solver, learning_rate_init=0.05
    )
    stop = _StopAfter(3)
    model.set_callbacks(stop)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        model.fit(X, y)
    assert model.n_iter_ == 3
    assert len(stop.fitted_scores) == 3
    # What the callback saw last is what was kept.
    assert stop.fitted_scores[-1] == pytest.approx(model.score(X, y))
    assert len(set(stop.fitted_scores)) > 1


@pytest.mark.parametrize("place", ["alone", "pipeline", "grid search"])
def test_scikit_learns_callbacks_work(estimator_class, rows, capsys, place):
    X, y = rows
    model = estimator_class(**SMALL, max_iter=3, learning_rate_init=0.1)
    metric = "accuracy" if is_classifier(model) else "r2"
    monitor = ScoringMonitor(scoring=metric)
    model.set_callbacks(monitor)
    outer = model
    if place == "pipeline":
        outer = make_pipeline(StandardScaler(), model)
    if place == "grid search":
        outer = GridSearchCV(model, {"alpha": [0.1, 1.0]}, cv=2)
    if place == "alone":
        model.set_callbacks(monitor, ProgressBar())
    else:
        outer.set_callbacks(ProgressBar())
    outer.fit(X, y)
    assert capsys.readouterr().out.strip() != ""
    logs = monitor.get_logs() if place == "alone" else monitor.get_logs(select="all")
    data = [row for log in np.atleast_1d(logs) for row in log.data]
    epochs = [row for row in data if row["task_name"] == "epoch"]
    n_fits = {"alone": 1, "pipeline": 1, "grid search": 5}[place]
    assert len(epochs) == 3 * n_fits
    assert len({row[metric] for row in epochs}) > 1


def test_callbacks_do_not_change_what_is_learnt(estimator_class, rows, scores_of):
    X, y = rows
    model = estimator_class(**SMALL, max_iter=4, batch_size=32, dropout=0.2)
    plain = scores_of(clone(model).fit(X, y), X)
    watched = clone(model).set_params(callbacks=[_CtrlC(epoch=10**9)])
    watched.set_callbacks(_StopAfter(10**9))
    np.testing.assert_array_equal(scores_of(watched.fit(X, y), X), plain)


def test_no_training_row_is_kept_in_the_state(estimator_class, rows):
    X, y = rows
    model = estimator_class(hidden_layer_sizes=(2,), max_iter=2).fit(X, y)

    def sizes(thing):
        if isinstance(thing, np.ndarray):
            yield thing.size
        elif isinstance(thing, dict):
            for value in thing.values():
                yield from sizes(value)
        elif isinstance(thing, list | tuple):
            for value in thing:
                yield from sizes(value)
        elif hasattr(thing, "__dict__") and not isinstance(thing, type):
            yield from sizes(vars(thing))

    assert max(sizes(model.__getstate__())) < len(X)


def test_a_single_column_and_a_single_unit_are_enough():
    X = np.linspace(-1, 1, 20)[:, None]
    model = MLPClassifier(1, random_state=0, max_iter=5).fit(X, X[:, 0] > 0)
    assert model.predict(X).shape == (20,)
