"""skorch's callbacks through `callbacks=`, unchanged."""

from collections import Counter

import numpy as np
import pytest
import torch
from sklearn.base import clone
from skorch.callbacks import (
    Callback,
    Checkpoint,
    EarlyStopping,
    EpochTimer,
    GradientNormClipping,
    LRScheduler,
    PassthroughScoring,
    PrintLog,
)

from sknn_suite import AutoencoderDetector, MLPClassifier, RNNClassifier

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"  # few epochs are enough here
)

SMALL = {"hidden_layer_sizes": (8,), "random_state": 0, "tol": 0.0}


class Diary(Callback):
    """Write down which events came, with what."""

    def initialize(self):
        self.events = []
        self.losses = []
        return self

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        self.events.append("train begin")

    def on_train_end(self, net, X=None, y=None, **kwargs):
        self.events.append("train end")

    def on_epoch_begin(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        self.events.append("epoch begin")

    def on_epoch_end(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        self.events.append("epoch end")
        self.losses.append(net.history[-1, "train_loss"])

    def on_batch_begin(self, net, batch=None, training=None, **kwargs):
        self.events.append("batch begin" if training else "valid batch begin")

    def on_batch_end(self, net, batch=None, training=None, **kwargs):
        assert torch.isfinite(kwargs["loss"])
        assert len(kwargs["y_pred"]) == len(batch)
        self.events.append("batch end" if training else "valid batch end")

    def on_grad_computed(self, net, named_parameters, **kwargs):
        names = [name for name, p in named_parameters if p.grad.abs().sum() > 0]
        assert len(names) == 4
        self.events.append("gradients")


class CountScores(Callback):
    """Compare the rows of a batch with those that were predicted."""

    def __init__(self):
        self.counts = []

    def initialize(self):
        return self

    def on_batch_end(self, net, batch=None, training=None, **kwargs):
        self.counts.append((len(batch), len(kwargs["y_pred"])))


@pytest.mark.parametrize(
    "model",
    [
        AutoencoderDetector(max_iter=1, batch_size=20),
        RNNClassifier(max_iter=1, batch_size=20, n_networks=2),
        RNNClassifier(max_iter=1, batch_size=20, n_networks=2, accumulate=2),
    ],
    ids=str,
)
def test_a_batch_shows_scores_of_each_row(model):
    callback = CountScores()
    X = np.random.RandomState(0).normal(size=(70, 4))
    model.set_params(callbacks=[callback]).fit(X, X[:, 0] > 0)
    assert len(callback.counts) > 1
    assert all(n_rows == n_scores for n_rows, n_scores in callback.counts)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_events_come_in_skorchs_order(estimator_class, rows, early_stopping):
    diary = Diary()
    model = estimator_class(
        **SMALL,
        max_iter=2,
        batch_size=60,
        callbacks=[("diary", diary)],
        early_stopping=early_stopping,
    ).fit(*rows)
    batch = ["batch begin", "gradients", "batch end"]
    valid = ["valid batch begin", "valid batch end"] if early_stopping else []
    epoch = ["epoch begin", *2 * batch, *valid, "epoch end"]
    assert diary.events == ["train begin", *2 * epoch, "train end"]
    assert diary.losses == model.loss_curve_


def test_watching_changes_nothing(estimator_class, rows, scores_of):
    model = estimator_class(**SMALL, max_iter=4, batch_size=32)
    alone = scores_of(clone(model).fit(*rows), rows.X)
    watched = model.set_params(callbacks=[Diary(), EpochTimer()]).fit(*rows)
    np.testing.assert_array_equal(scores_of(watched, rows.X), alone)
    assert watched.history_[0].keys() >= {"epoch", "train_loss", "learning_rate"}


def test_classes_and_instances_and_pairs_are_taken(estimator_class, rows):
    begun = []

    class Told(Diary):
        def on_epoch_begin(self, net, **kwargs):
            begun.append(self)

    named = Told()
    callbacks = [Told, EpochTimer(), ("named", named)]
    estimator_class(**SMALL, max_iter=2, callbacks=callbacks).fit(*rows)
    assert len(begun) == 4  # both, in two epochs
    assert begun.count(named) == 2


def test_lr_scheduler_sets_the_rate(drop_in_class, rows):
    callback = LRScheduler("StepLR", step_size=2, gamma=0.1)
    model = drop_in_class(
        **SMALL, max_iter=6, solver="sgd", learning_rate_init=0.1, callbacks=[callback]
    ).fit(*rows)
    rates = [row["learning_rate"] for row in model.history_]
    assert rates[0] == pytest.approx(0.1)
    assert min(rates) <= 0.0011


def test_gradient_norm_clipping_slows_a_step(drop_in_class, rows):
    model = drop_in_class(**SMALL, solver="sgd", max_iter=1, alpha=0.0)
    start = clone(model).set_params(learning_rate_init=1e-12).fit(*rows)
    clipped = clone(model).set_params(
        learning_rate_init=1.0,
        momentum=0.0,
        callbacks=[GradientNormClipping(gradient_clip_value=1e-3)],
    )
    clipped.fit(*rows)
    moved = sum(
        ((a - b) ** 2).sum()
        for a, b in zip(
            clipped.coefs_ + clipped.intercepts_, start.coefs_ + start.intercepts_
        )
    )
    assert np.sqrt(moved) == pytest.approx(1e-3, rel=1e-2)


def test_skorchs_early_stopping_ends_training(estimator_class, rows):
    callback = EarlyStopping(monitor="train_loss", patience=2, threshold=0.9)
    callback.sink = lambda text: None
    model = estimator_class(**SMALL, max_iter=100, callbacks=[callback]).fit(*rows)
    assert model.n_iter_ < 100


def test_print_log_shows_the_losses(estimator_class, rows):
    lines = []
    callback = PrintLog(sink=lines.append)
    model = estimator_class(**SMALL, max_iter=2, callbacks=[callback]).fit(*rows)
    assert "train_loss" in lines[0]
    assert f"{model.loss_:.4f}" in lines[-1]


def test_passthrough_scoring_averages_what_a_callback_records(estimator_class, rows):
    means = []

    class Norm(Callback):
        def on_batch_end(self, net, training=None, **kwargs):
            net.history.record_batch("train_norm", 2.0)

        def on_train_end(self, net, **kwargs):
            means.extend(net.history[:, "train_norm"])

    scoring = PassthroughScoring("train_norm", on_train=True)
    callbacks = [Norm(), ("scoring", scoring)]
    estimator_class(**SMALL, max_iter=2, callbacks=callbacks).fit(*rows)
    assert means == [2.0, 2.0]


def test_an_error_in_a_callback_leaves_the_estimator_as_it_was(
    estimator_class, rows, snapshot, same_state
):
    class Broken(Callback):
        def on_epoch_end(self, net, **kwargs):
            raise RuntimeError("out of paper")

    model = estimator_class(**SMALL, max_iter=2).fit(*rows)
    model.set_params(callbacks=[Broken()])
    state = snapshot(model)
    with pytest.raises(RuntimeError, match="out of paper"):
        model.fit(*rows)
    state.pop("callbacks")
    now = snapshot(model)
    now.pop("callbacks")
    assert same_state(now, state)


@pytest.mark.parametrize("verbose", [True, 1])
def test_verbose_writes_one_line_an_epoch(estimator_class, rows, capsys, verbose):
    model = estimator_class(**SMALL, max_iter=3, verbose=verbose).fit(*rows)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    for i, (line, loss) in enumerate(zip(lines, model.loss_curve_), 1):
        assert f"{i}" in line
        assert f"{loss:.4f}"[:5] in line


def test_a_quiet_fit_writes_nothing(estimator_class, rows, capsys):
    estimator_class(**SMALL, max_iter=3).fit(*rows)
    assert capsys.readouterr() == ("", "")


class Hooks(Callback):
    """Count what torch calls, by the place where the hook was registered."""

    def on_train_begin(self, net, **kwargs):
        self.calls = Counter()
        module, optimizer = net.module_, net.optimizer_
        module.register_forward_pre_hook(self.note("before module"))
        module.register_forward_hook(self.note("behind module"))
        next(module.parameters()).register_hook(self.note("gradient"))
        optimizer.register_step_pre_hook(self.note("before step"))
        optimizer.register_step_post_hook(self.note("behind step"))

    def note(self, name):
        def note(*given, **more):
            self.calls[name] += 1

        return note


@pytest.mark.parametrize("dropout", [0.0, 0.1])
@pytest.mark.parametrize("solver", ["adam", "adamw", "sgd", "nadam"])
def test_hooks_are_called_in_every_step_and_change_nothing(labels, solver, dropout):
    hooks = Hooks()
    model = MLPClassifier(**SMALL, solver=solver, dropout=dropout, batch_size=40)
    model.set_params(max_iter=3, precision="float64")
    plain = clone(model).fit(*labels)
    model.set_params(callbacks=[hooks]).fit(*labels)
    places = ["before module", "behind module", "gradient"]
    assert hooks.calls == dict.fromkeys([*places, "before step", "behind step"], 9)
    np.testing.assert_allclose(model.coefs_[0], plain.coefs_[0], rtol=1e-10)


@pytest.mark.parametrize("solver", ["adam", "adamw", "sgd"])
def test_a_step_hook_that_was_removed_is_called_no_more(labels, solver):
    class Once(Callback):
        n_calls = 0

        def on_train_begin(self, net, **kwargs):
            handle = net.optimizer_.register_step_post_hook(self.note)
            self.remove = handle.remove

        def note(self, *given):
            self.n_calls += 1
            self.remove()

    once = Once()
    MLPClassifier(**SMALL, solver=solver, max_iter=3, callbacks=[once]).fit(*labels)
    assert once.n_calls == 1


@pytest.mark.parametrize(
    ("callback", "looked_for"),
    [
        (EarlyStopping(), "valid_loss"),
        (Checkpoint(f_params=None, f_optimizer=None), "valid_loss_best"),
        (LRScheduler("ReduceLROnPlateau", monitor="valid_loss"), "valid_loss"),
    ],
    ids=["EarlyStopping", "Checkpoint", "LRScheduler"],
)
def test_callbacks_that_need_validation_rows_are_refused_in_words(
    two_classes, callback, looked_for
):
    model = MLPClassifier(**SMALL, max_iter=3, callbacks=[callback])
    message = f"'{looked_for}' in the history, but .* Expected early_stopping=True, or"
    with pytest.raises(ValueError, match=message):
        model.fit(*two_classes)


def test_a_callback_is_told_what_the_history_has(two_classes):
    model = MLPClassifier(
        **SMALL, max_iter=3, early_stopping=True, callbacks=[EarlyStopping("valid_acc")]
    )
    with pytest.raises(
        ValueError, match=r"'valid_acc' .* 'valid_loss' or 'valid_score'"
    ):
        model.fit(*two_classes)


def test_a_checkpoint_is_told_how_to_find_the_best_epoch(two_classes, tmp_path):
    model = MLPClassifier(**SMALL, max_iter=9, early_stopping=True)
    usual = Checkpoint(dirname=tmp_path)
    with pytest.raises(
        ValueError, match=r"'valid_loss_best' .* monitor=lambda"
    ) as told:
        model.set_params(callbacks=[usual]).fit(*two_classes)
    advice = str(told.value).partition("Write monitor=")[2].removesuffix(".")
    saved = []

    class Noted(Checkpoint):
        def save_model(self, net):
            saved.append(len(net.history))

    noted = Noted(monitor=eval(advice), dirname=tmp_path)
    model.set_params(callbacks=[noted], learning_rate_init=0.5).fit(*two_classes)
    losses = [row["valid_loss"] for row in model.history_]
    best = [n for n in range(1, 10) if losses[n - 1] == min(losses[:n])]
    assert saved == best
    assert len(best) < len(losses)
