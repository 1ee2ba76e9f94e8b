"""What can be seen of a training run: lines, callbacks of two libraries, curves."""

import re

import numpy as np
import pytest
from sklearn.callback import ProgressBar
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import (
    Callback,
    Checkpoint,
    MlflowLogger,
    TensorBoard,
    WandbLogger,
)

from sknn_suite import MLPClassifier, MLPRegressor
from sknn_suite.plotting import LossCurveDisplay

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"  # few epochs are enough here
)

SETTINGS = {
    "hidden_layer_sizes": (4,),
    "max_iter": 5,
    "n_iter_no_change": 100,
    "random_state": 0,
}


# -- lines ---------------------------------------------------------------------------


def test_verbose_writes_one_line_an_epoch(drop_in_class, rows, capsys):
    model = drop_in_class(**SETTINGS, verbose=True, early_stopping=True).fit(*rows)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5
    for i, (line, record) in enumerate(zip(lines, model.history_), 1):
        number = r"(-?[\d.e+-]+)"
        found = re.fullmatch(
            rf"Iteration {i}, loss = {number}, validation score = {number}, "
            rf"learning rate = {number}, {number} s",
            line,
        )
        assert found, line
        loss, score, rate, _ = map(float, found.groups())
        assert loss == pytest.approx(record["train_loss"], abs=1e-7)
        assert score == pytest.approx(record["valid_score"], abs=1e-5)
        assert rate == 0.001


def test_verbose_says_why_training_ended(numbers, capsys):
    X, y = numbers
    MLPRegressor(**{**SETTINGS, "n_iter_no_change": 1}, tol=100.0, verbose=True).fit(
        X, y
    )
    assert "did not improve more than tol" in capsys.readouterr().out.splitlines()[-1]
    MLPRegressor(**{**SETTINGS, "max_iter": 10**6}, max_time=0.02, verbose=True).fit(
        X, y
    )
    assert "max_time=0.02" in capsys.readouterr().out.splitlines()[-1]


def test_lines_of_lbfgs_have_no_rate(numbers, capsys):
    MLPRegressor(**SETTINGS, solver="lbfgs", verbose=True).fit(*numbers)
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith("Iteration 1, loss = ")
    assert "rate" not in first


def test_nothing_is_written_unless_asked(numbers, capsys):
    MLPRegressor(**SETTINGS).fit(*numbers)
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


# -- skorch's callbacks --------------------------------------------------------------


class FakeWriter:
    """Notes what a SummaryWriter would write."""

    def __init__(self):
        self.scalars, self.closed = [], False

    def add_scalar(self, tag, scalar_value, global_step):
        assert np.isfinite(scalar_value)
        self.scalars.append((tag, scalar_value, global_step))

    def close(self):
        self.closed = True


def test_tensorboard_works_unchanged(labels):
    X, y = labels
    writer = FakeWriter()
    model = MLPClassifier(**SETTINGS, callbacks=[TensorBoard(writer)])
    model.fit(X, y, X_val=X[:30], y_val=y[:30])
    assert writer.closed
    steps = [step for tag, _, step in writer.scalars if tag == "Loss/train_loss"]
    assert steps == [1, 2, 3, 4, 5]
    for tag, name in (
        ("Loss/train_loss", "train_loss"),
        ("Loss/valid_loss", "valid_loss"),
    ):
        written = [value for t, value, _ in writer.scalars if t == tag]
        assert written == [record[name] for record in model.history_]
    rates = [value for tag, value, _ in writer.scalars if tag == "lr"]
    assert rates == [0.001] * 5


class FakeRun:
    """Stands for the run of an experiment tracker."""

    def __init__(self):
        self.info = self
        self.run_id, self.rows, self.batches, self.watched = "1", [], [], []
        self.ended = False

    # MLflow's client
    def log_metric(self, run_id, key, value, step=None, **kwargs):
        self.rows.append((step, key, value))

    def log_artifact(self, *args, **kwargs):
        pass

    def set_terminated(self, run_id, *args, **kwargs):
        self.ended = True

    # Weights and Biases
    def watch(self, module):
        self.watched.append(module)

    def log(self, row):
        self.rows.append(row)


def test_weights_and_biases_logger_works_unchanged(numbers, tmp_path):
    run = FakeRun()
    run.dir = str(tmp_path)
    model = MLPRegressor(
        **SETTINGS, callbacks=[WandbLogger(run, save_model=False)]
    ).fit(*numbers)
    assert len(run.watched) == 1
    assert [row["train_loss"] for row in run.rows] == model.loss_curve_


def test_mlflow_logger_works_unchanged(numbers):
    run = FakeRun()
    logger = MlflowLogger(run, run, log_on_batch_end=True)
    model = MLPRegressor(**SETTINGS, batch_size=40, callbacks=[logger]).fit(*numbers)
    losses = [value for _, key, value in run.rows if key == "train_loss_epoch"]
    assert losses == model.loss_curve_
    steps = [step for step, key, _ in run.rows if key == "train_loss_batch"]
    assert steps == list(range(1, 16))
    assert run.ended


def test_every_hook_is_called_as_skorch_calls_it(labels):
    calls = []

    class Hooks(Callback):
        def on_train_begin(self, net, X=None, y=None, **kwargs):
            calls.append("train begin")

        def on_train_end(self, net, X=None, y=None, **kwargs):
            calls.append("train end")

        def on_epoch_begin(self, net, dataset_train=None, dataset_valid=None, **kwargs):
            calls.append("epoch begin")
            assert len(dataset_train) == 80
            assert len(dataset_valid) == 40

        def on_epoch_end(self, net, dataset_train=None, dataset_valid=None, **kwargs):
            calls.append("epoch end")

        def on_batch_begin(self, net, batch=None, training=None, **kwargs):
            calls.append("batch" if training else "validation batch")

        def on_grad_computed(self, net, named_parameters=None, **kwargs):
            calls.append("gradient")
            assert all(p.grad is not None for _, p in named_parameters)

        def on_batch_end(self, net, batch=None, training=None, loss=None, **kwargs):
            calls.append("batch end")
            assert np.isfinite(float(loss))

    X, y = labels
    model = MLPClassifier(**{**SETTINGS, "max_iter": 2}, batch_size=40)
    model.set_params(callbacks=[("hooks", Hooks())])
    model.fit(X[:80], y[:80], X_val=X[80:], y_val=y[80:])
    batch = ["batch", "gradient", "batch end"]
    epoch = ["epoch begin", *batch * 2, "validation batch", "batch end", "epoch end"]
    assert calls == ["train begin", *epoch * 2, "train end"]


# -- scikit-learn's callbacks --------------------------------------------------------


def test_progress_bar_of_scikit_learn_shows_epochs(two_classes, capsys):
    pytest.importorskip("rich")
    model = MLPClassifier(**SETTINGS).set_callbacks(ProgressBar())
    model.fit(*two_classes)
    assert "MLPClassifier" in capsys.readouterr().out


def test_progress_bar_goes_around_a_search(two_classes, capsys):
    pytest.importorskip("rich")
    search = GridSearchCV(MLPClassifier(**SETTINGS), {"alpha": [0.1, 1.0]}, cv=2)
    search.set_callbacks(ProgressBar()).fit(*two_classes)
    assert "GridSearchCV" in capsys.readouterr().out


# -- curves --------------------------------------------------------------------------


def test_loss_curve_is_drawn_from_the_estimator(numbers):
    plt = pytest.importorskip("matplotlib.pyplot")
    plt.switch_backend("Agg")
    X, y = numbers
    model = MLPRegressor(**SETTINGS, learning_rate="cosine", averaging="ema")
    model.fit(X, y, X_val=X, y_val=y)
    display = LossCurveDisplay.from_estimator(model)
    np.testing.assert_array_equal(display.train_loss, model.loss_curve_)
    rates = [record["learning_rate"] for record in model.history_]
    np.testing.assert_array_equal(display.learning_rate, rates)
    plt.close("all")


def test_watching_changes_nothing(labels, capsys):
    X, y = labels
    plain = MLPClassifier(**SETTINGS, dropout=0.2).fit(X, y)
    watched = MLPClassifier(
        **SETTINGS, dropout=0.2, verbose=True, callbacks=[TensorBoard(FakeWriter())]
    ).fit(X, y)
    np.testing.assert_array_equal(plain.predict_proba(X), watched.predict_proba(X))


def test_skorchs_own_checkpoint_saves_the_module(numbers, tmp_path):
    saver = Checkpoint(
        dirname=tmp_path,
        monitor=None,
        f_optimizer=None,
        f_history="history.json",
        f_criterion=None,
    )
    MLPRegressor(**SETTINGS, callbacks=[saver]).fit(*numbers)
    assert {file.name for file in tmp_path.iterdir()} == {"params.pt", "history.json"}
