"""Checkpoints: killed at any moment, a run ends as if it had not been."""

import json
import os
import pickle
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.base import clone
from skorch.callbacks import Callback

from sknn_suite import MLPClassifier, MLPRegressor
from sknn_suite.exceptions import DataError, InterruptedWarning

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"  # few epochs are enough here
)

SETTINGS = {
    "hidden_layer_sizes": (6,),
    "batch_size": 30,
    "max_iter": 10,
    "n_iter_no_change": 100,
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


class Interrupt(Callback):
    """Ctrl-C in a batch of an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_batch_end(self, net, training=False, **kwargs):
        if training and net.history[-1]["epoch"] == self.epoch:
            raise KeyboardInterrupt


def fit_in_two_parts(model, rows, epoch=5, **kwargs):
    """Fit until Ctrl-C comes in an epoch, and then start the same call again."""
    with pytest.warns(InterruptedWarning):
        clone(model).set_params(callbacks=[Interrupt(epoch)]).fit(*rows, **kwargs)
    return model.fit(*rows, **kwargs)


def assert_same_run(a, b, same_state):
    """Assert that two estimators are the same, bit by bit, but for the clock."""
    states = []
    for model in (a, b):
        state = dict(model.__getstate__())
        records = [dict(record) for record in state["history_"]]
        for record in records:
            del record["seconds"]
        ignored = {"checkpoint", "callbacks", "history_"}
        states.append({k: v for k, v in state.items() if k not in ignored})
        states[-1]["history_"] = records
    assert same_state(*states)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.ckpt"


# -- killed --------------------------------------------------------------------------


def kill_and_resume(folder, n_kills, *names):
    script = Path(__file__).with_name("kill_and_resume.py")
    arguments = [str(folder), str(n_kills), str(n_kills), *names]
    done = subprocess.run(
        [sys.executable, str(script), *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")


@needs_fork
def test_killed_four_times_a_run_ends_with_the_same_bits(tmp_path):
    deaths = kill_and_resume(tmp_path, 4, "plain", "all at once")
    assert [len(moments) for moments in deaths.values()] == [4, 4]


@needs_fork
@pytest.mark.slow
def test_killed_twenty_times_a_run_ends_with_the_same_bits(tmp_path):
    names = ("plain", "sgd", "all at once", "fine-tuning")
    deaths = kill_and_resume(tmp_path, 20, *names)
    assert [len(moments) for moments in deaths.values()] == [20] * 4
    assert {"any", "half-written", "before replace"} <= set(deaths["plain"])


# -- interrupted ---------------------------------------------------------------------

VARIANTS = {
    "adam": {},
    "sgd": {"solver": "sgd"},
    "rmsprop": {"solver": "rmsprop", "solver_params": {"momentum": 0.3}},
    "radam": {"solver": "radam"},
    "adadelta": {"solver": "adadelta"},
    "adafactor": {"solver": torch.optim.Adafactor},
    "cosine": {"learning_rate": "cosine", "warmup": 1.5},
    "cyclic": {"learning_rate": "cyclic"},
    "log_cosine": {"learning_rate": "log_cosine"},
    "warm_restarts": {
        "learning_rate": "warm_restarts",
        "schedule_params": {"cycle_length": 3, "cycle_mult": 2},
    },
    "piecewise": {"learning_rate": "piecewise"},
    "power": {"learning_rate": "power"},
    "plateau": {"learning_rate": "plateau", "schedule_params": {"patience": 0}},
    "ema": {"averaging": "ema", "batch_norm": True},
    "swa": {"averaging": "swa", "averaging_start": 3},
    "late swa": {"averaging": "swa", "averaging_start": 8},
    "dropout": {"dropout": 0.3, "mixup": 0.3},
    "ordered": {"shuffle": False},
    "float32": {"precision": "float32"},
    "early stopping": {
        "early_stopping": True,
        "n_iter_no_change": 3,
        "tol": 0.05,
        "max_iter": 60,
    },
    "every third": {"checkpoint_every": 3},
    "automatic rate": {"learning_rate_init": "auto"},
    "unfreezing": {"freeze": 1, "unfreeze_every": 6, "learning_rate_init": [0.01, 0.1]},
}


@pytest.mark.parametrize("name", VARIANTS)
def test_interrupted_run_ends_with_the_same_bits(
    estimator_class, rows, path, same_state, name
):
    model = estimator_class(**{**SETTINGS, **VARIANTS[name]})
    whole = clone(model).fit(*rows)
    resumed = fit_in_two_parts(model.set_params(checkpoint=path), rows)
    assert_same_run(whole, resumed, same_state)


@pytest.mark.parametrize(
    "params",
    [
        {"batch_sampling": "balanced"},
        {"batch_sampling": {0: 0.1, 1: 0.2, 2: 0.7}, "early_stopping": True},
        {"loss": "logit_adjusted", "early_stopping": True},
    ],
    ids=str,
)
def test_run_with_chosen_shares_of_classes_is_resumed(labels, path, same_state, params):
    model = MLPClassifier(**SETTINGS, **params)
    whole = clone(model).fit(*labels)
    resumed = fit_in_two_parts(model.set_params(checkpoint=path), labels)
    assert_same_run(whole, resumed, same_state)


def test_run_with_its_own_validation_rows_is_resumed(labels, path, same_state):
    X, y = labels
    valid = {"X_val": X[:30], "y_val": y[:30]}
    model = MLPClassifier(**SETTINGS, early_stopping=True)
    whole = clone(model).fit(X, y, **valid)
    resumed = fit_in_two_parts(model.set_params(checkpoint=path), labels, **valid)
    assert_same_run(whole, resumed, same_state)


def test_run_with_weights_and_groups_is_resumed(labels, path, same_state):
    X, y = labels
    extra = {"sample_weight": np.arange(120.0) % 5, "groups": np.arange(120) % 20}
    model = MLPClassifier(**SETTINGS, early_stopping=True)
    whole = clone(model).fit(X, y, **extra)
    resumed = fit_in_two_parts(model.set_params(checkpoint=path), labels, **extra)
    assert_same_run(whole, resumed, same_state)


def test_run_with_a_random_state_object_is_resumed(labels, path, same_state):
    model = MLPClassifier(**SETTINGS, dropout=0.2)
    whole = model.set_params(random_state=np.random.RandomState(3)).fit(*labels)
    whole = pickle.loads(pickle.dumps(whole))
    path_and_seed = {"checkpoint": path, "random_state": np.random.RandomState(3)}
    resumed = fit_in_two_parts(clone(model).set_params(**path_and_seed), labels)
    np.testing.assert_array_equal(whole.coefs_[0], resumed.coefs_[0])
    assert whole.loss_curve_ == resumed.loss_curve_


def test_what_max_time_ended_goes_on_with_more_time(numbers, path, watcher, same_state):
    class Slow(Callback):
        def on_batch_end(self, net, **kwargs):
            time.sleep(0.003)

    X, y = numbers
    whole = MLPRegressor(**SETTINGS).fit(X, y)
    model = MLPRegressor(**SETTINGS, checkpoint=path, max_time=0.05)
    cut = clone(model).set_params(callbacks=[Slow()]).fit(X, y)
    assert cut.n_iter_ < 10
    resumed = model.set_params(max_time=None).fit(X, y)
    for a, b in zip(whole.coefs_, resumed.coefs_):
        np.testing.assert_array_equal(a, b)
    assert whole.loss_curve_ == resumed.loss_curve_


@pytest.mark.parametrize("every", [1, 3, 100])
def test_finished_run_is_not_trained_again(labels, path, watcher, same_state, every):
    model = MLPClassifier(**SETTINGS, checkpoint=path, checkpoint_every=every)
    first = clone(model).fit(*labels)
    content = path.read_bytes()
    again = model.set_params(callbacks=[watcher]).fit(*labels)
    assert not watcher.steps
    assert len(again.history_) == again.n_iter_ == 10
    assert_same_run(first, again, same_state)
    assert path.read_bytes() == content or every > 1


def test_checkpoint_changes_nothing(estimator_class, rows, path, same_state):
    model = estimator_class(**SETTINGS, dropout=0.2)
    without = clone(model).fit(*rows)
    assert_same_run(without, model.set_params(checkpoint=path).fit(*rows), same_state)


@pytest.mark.parametrize(("every", "n_writes"), [(1, 10), (3, 4), (5, 2), (50, 1)])
def test_file_is_written_after_each_n_epochs(
    numbers, path, monkeypatch, every, n_writes
):
    writes = []
    fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda fd: (writes.append(fd), fsync(fd)))
    MLPRegressor(**SETTINGS, checkpoint=path, checkpoint_every=every).fit(*numbers)
    assert len(writes) == n_writes
    assert [file.name for file in path.parent.iterdir()] == ["run.ckpt"]


@pytest.mark.parametrize("as_type", [str, Path])
def test_path_may_be_text_or_path(numbers, path, as_type):
    MLPRegressor(**SETTINGS, checkpoint=as_type(path)).fit(*numbers)
    assert path.exists()


def test_file_of_the_epoch_before_survives_a_write_that_fails(
    numbers, path, monkeypatch, same_state
):
    class Full(Callback):
        def on_epoch_begin(self, net, **kwargs):
            if net.history[-1]["epoch"] == 6:
                monkeypatch.setattr(os, "fsync", full)

    def full(fd):
        raise OSError("No space left on device")

    model = MLPRegressor(**SETTINGS, checkpoint=path)
    with pytest.raises(OSError, match="No space"):
        clone(model).set_params(callbacks=[Full()]).fit(*numbers)
    monkeypatch.undo()
    resumed = model.fit(*numbers)
    whole = MLPRegressor(**SETTINGS).fit(*numbers)
    assert_same_run(whole, resumed, same_state)


# -- refused -------------------------------------------------------------------------

OTHER_PARAMETERS = {
    "alpha": 0.5,
    "batch_size": 20,
    "solver": "sgd",
    "learning_rate": "cosine",
    "max_iter": 20,
    "hidden_layer_sizes": (6, 6),
    "random_state": 1,
    "averaging": "ema",
    "freeze": 1,
    "label_smoothing": 0.1,
    "early_stopping": True,
}


@pytest.mark.parametrize("name", OTHER_PARAMETERS)
def test_checkpoint_of_other_parameters_is_refused(labels, path, name):
    model = MLPClassifier(**SETTINGS, checkpoint=path).fit(*labels)
    content, before = path.read_bytes(), model.predict_proba(labels.X)
    model.set_params(**{name: OTHER_PARAMETERS[name]})
    with pytest.raises(DataError, match=r"other data or other parameters.*Delete"):
        model.fit(*labels)
    assert path.read_bytes() == content
    np.testing.assert_array_equal(model.predict_proba(labels.X), before)


def test_checkpoint_of_other_data_is_refused(labels, path):
    X, y = labels
    MLPClassifier(**SETTINGS, checkpoint=path).fit(X, y)
    one_number = X.copy()
    one_number[17, 3] += 1e-9
    one_label = y.copy()
    one_label[17] = (y[17] + 1) % 3
    others = [
        ((one_number, y), {}),
        ((X, one_label), {}),
        ((X[::-1], y[::-1]), {}),
        ((X[:-1], y[:-1]), {}),
        ((X.astype(np.float32), y), {}),
        ((X, y), {"sample_weight": np.linspace(1, 2, 120)}),
        ((X, y), {"X_val": X, "y_val": y}),
    ]
    for data, extra in others:
        with pytest.raises(DataError, match="other data"):
            MLPClassifier(**SETTINGS, checkpoint=path).fit(*data, **extra)


def test_what_does_not_matter_may_change(numbers, path, watcher, same_state, capsys):
    whole = MLPRegressor(**SETTINGS).fit(*numbers)
    model = MLPRegressor(**SETTINGS, checkpoint=path)
    with pytest.warns(InterruptedWarning):
        clone(model).set_params(callbacks=[Interrupt(5)]).fit(*numbers)
    moved = path.rename(path.with_name("moved"))
    model.set_params(
        checkpoint=moved,
        checkpoint_every=4,
        verbose=True,
        callbacks=[watcher],
        max_time=1000,
        device="cpu",
    ).fit(*numbers)
    assert capsys.readouterr().out.count("\n") == 6  # epochs 5 to 10
    np.testing.assert_array_equal(whole.coefs_[0], model.coefs_[0])


def test_folder_that_does_not_exist_is_named_before_training(numbers, tmp_path):
    path = tmp_path / "no" / "such" / "run.ckpt"
    model = MLPRegressor(**SETTINGS, checkpoint=path)
    with pytest.raises(ValueError, match=r"such.*folder"):
        model.fit(*numbers)


@pytest.mark.parametrize("content", [b"hello", pickle.dumps({"a": 1})])
def test_file_that_is_no_checkpoint_is_refused(numbers, path, content):
    path.write_bytes(content)
    model = MLPRegressor(**SETTINGS, checkpoint=path)
    with pytest.raises(DataError, match=r"run.ckpt.*cannot be read.*Delete"):
        model.fit(*numbers)
    assert path.read_bytes() == content


def test_file_of_a_later_version_is_refused(numbers, path):
    MLPRegressor(**SETTINGS, checkpoint=path).fit(*numbers)
    with np.load(path) as file:
        arrays = dict(file)
    content = json.loads(str(arrays["json"]))
    arrays["json"] = np.array(json.dumps({**content, "format": 99}))
    with path.open("wb") as file:
        np.savez(file, **arrays)
    with pytest.raises(DataError, match=r"format 99.*Upgrade"):
        MLPRegressor(**SETTINGS, checkpoint=path).fit(*numbers)


def test_file_holds_nothing_that_is_executed(numbers, path):
    MLPRegressor(**SETTINGS, averaging="ema", dropout=0.1, checkpoint=path).fit(
        *numbers
    )
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            with archive.open(name) as member:
                version = np.lib.format.read_magic(member)
                assert version == (1, 0)
                _, _, dtype = np.lib.format.read_array_header_1_0(member)
                assert not dtype.hasobject


class Malicious:
    def __reduce__(self):
        return Path.touch, (Path(os.environ["SHOULD_NOT_EXIST"]),)


def test_objects_in_a_file_are_never_loaded(numbers, path, monkeypatch):
    harm = path.with_name("harm")
    monkeypatch.setenv("SHOULD_NOT_EXIST", str(harm))
    with path.open("wb") as file:
        np.savez(file, json=np.array(Malicious(), dtype=object))
    with pytest.raises(DataError, match="cannot be read"):
        MLPRegressor(**SETTINGS, checkpoint=path).fit(*numbers)
    assert not harm.exists()


def test_partial_fit_writes_no_checkpoint(numbers, path):
    MLPRegressor(**SETTINGS, checkpoint=path).partial_fit(*numbers)
    assert not path.exists()


@pytest.mark.parametrize("kind", ["adaptive", "invscaling"])
@pytest.mark.parametrize("epoch", range(2, 12))
def test_run_is_resumed_when_the_rate_changes_momentum(numbers, tmp_path, kind, epoch):
    settings = {**SMALL, "solver": "sgd", "learning_rate": kind}
    settings |= {"tol": 0.1, "n_iter_no_change": 1}
    whole = MLPRegressor(**settings).fit(*numbers)
    settings["checkpoint"] = tmp_path / "run"
    if epoch <= whole.n_iter_:
        with pytest.warns(UserWarning, match="interrupted"):
            MLPRegressor(**settings, callbacks=[Interrupt(epoch)]).fit(*numbers)
    resumed = MLPRegressor(**settings).fit(*numbers)
    np.testing.assert_array_equal(whole.coefs_[0], resumed.coefs_[0])


def test_lbfgs_refuses_checkpoints(numbers, path):
    model = MLPRegressor(**SMALL, solver="lbfgs", checkpoint=path)
    with pytest.raises(ValueError, match="checkpoint does not go with solver='lbfgs'"):
        model.fit(*numbers)


def test_functions_do_not_hinder_resuming(two_classes, tmp_path):
    # In another process, functions have other addresses.
    rates = [lambda epoch: 0.9**epoch for _ in range(2)]
    scores = [lambda model, X, y: model.score(X, y) for _ in range(2)]
    for rate, score in zip(rates, scores):
        MLPClassifier(
            **SMALL,
            checkpoint=tmp_path / "run",
            learning_rate=rate,
            early_stopping=True,
            early_stopping_scoring=score,
        ).fit(*two_classes)


class Table:
    """A schedule with state of its own."""

    def __init__(self):
        self.rates = np.linspace(1, 0.1, 12)

    def __call__(self, epoch):
        return self.rates[min(epoch, 11)]


def test_callable_objects_can_be_schedules_of_runs_with_checkpoints(
    two_classes, tmp_path
):
    rate = Table()
    for _ in range(2):
        settings = {**SMALL, "checkpoint": tmp_path / "run", "learning_rate": rate}
        MLPClassifier(**settings).fit(*two_classes)


def test_fresh_entropy_can_be_resumed(two_classes, tmp_path):
    settings = {**SMALL, "random_state": None, "checkpoint": tmp_path / "run"}
    first = MLPClassifier(**settings, early_stopping=True).fit(*two_classes)
    again = MLPClassifier(**settings, early_stopping=True).fit(*two_classes)
    np.testing.assert_array_equal(first.coefs_[0], again.coefs_[0])


class StopAfter(Callback):
    def on_epoch_end(self, net, **kwargs):
        if net.history[-1]["epoch"] >= 3:
            raise KeyboardInterrupt


def test_run_that_a_callback_ended_is_finished(two_classes, tmp_path):
    settings = {**SMALL, "checkpoint": tmp_path / "run", "callbacks": [StopAfter()]}
    assert MLPClassifier(**settings).fit(*two_classes).n_iter_ == 3
    assert MLPClassifier(**settings).fit(*two_classes).n_iter_ == 3


def test_warm_start_after_a_finished_checkpoint_does_not_repeat_history(
    two_classes, tmp_path
):
    model = MLPClassifier(**SMALL, checkpoint=tmp_path / "run", warm_start=True)
    model.fit(*two_classes)
    before = model.coefs_[0].copy()
    model.fit(*two_classes)
    # Either it trained twelve epochs more, or it found the run finished.
    trained = not np.array_equal(before, model.coefs_[0])
    losses = model.loss_curve_
    assert len(losses) == len(model.history_) == (24 if trained else 12)


FOREIGN = ["[1]", "{}", '{"format":1,"state":{"dict":[]}}', '{"format":"a"}']


@pytest.mark.parametrize("text", FOREIGN)
def test_archive_of_other_things_is_refused(two_classes, path, text):
    with path.open("wb") as file:
        np.savez(file, json=np.array(text))
    with pytest.raises(DataError, match="Delete"):
        MLPClassifier(**SMALL, checkpoint=path).fit(*two_classes)


def test_array_is_refused(two_classes, path):
    with path.open("wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(DataError, match="Delete"):
        MLPClassifier(**SMALL, checkpoint=path).fit(*two_classes)


class Sabotage(Callback):
    """Spoil epoch 9 once; epochs 5 and 6 are worse than epoch 4."""

    done = False

    def on_epoch_begin(self, net, **kwargs):
        if net.history[-1]["epoch"] == 9 and not self.done:
            self.done = True
            with torch.no_grad():
                next(net.module_.parameters()).fill_(float("nan"))


@pytest.mark.filterwarnings("ignore:The loss became")
def test_recovery_after_resuming_returns_to_the_same_weights(numbers, tmp_path):
    settings = {**SMALL, "on_divergence": "recover"}
    settings["learning_rate"] = lambda epoch: 1 if epoch < 4 else 50
    whole = MLPRegressor(**settings, callbacks=[Sabotage()]).fit(*numbers)
    assert np.argmin(whole.loss_curve_[:8]) < 6
    settings["checkpoint"] = tmp_path / "run"
    with pytest.warns(UserWarning, match="interrupted"):
        MLPRegressor(**settings, callbacks=[Interrupt(8)]).fit(*numbers)
    resumed = MLPRegressor(**settings, callbacks=[Sabotage()]).fit(*numbers)
    np.testing.assert_array_equal(whole.coefs_[0], resumed.coefs_[0])
