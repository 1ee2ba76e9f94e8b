import sys

import matplotlib as mpl
import numpy as np
import pytest
from sklearn.datasets import load_digits, load_iris
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, f1_score, make_scorer
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier as PlainMLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_suite import AutoencoderDetector, MLPClassifier, MLPRegressor
from sknn_suite.ensemble import CrossFitClassifier
from sknn_suite.exceptions import MissingDependencyError
from sknn_suite.plotting import LossCurveDisplay

mpl.use("Agg")
plt = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def stopped_early():
    X, y = load_digits(return_X_y=True)
    X, y = X[:300] / 16, y[:300]
    return MLPClassifier((20,), early_stopping=True, random_state=0).fit(X, y)


def train_briefly(estimator):
    X, y = load_iris(return_X_y=True)
    return estimator.fit(X[:100], y[:100])


def converging(cls=MLPClassifier, **params):
    return cls((5,), max_iter=20, tol=1.0, random_state=0, **params)


def test_numbers_are_those_of_the_history(stopped_early):
    display = LossCurveDisplay.from_estimator(stopped_early)
    for name in ("train_loss", "valid_loss", "valid_score", "learning_rate"):
        expected = [record[name] for record in stopped_early.history_]
        np.testing.assert_array_equal(getattr(display, name), expected)


def test_without_validation_rows_there_is_one_line_and_one_axis():
    display = LossCurveDisplay.from_estimator(train_briefly(converging()))
    assert display.valid_loss is None
    assert display.valid_score is None
    assert display.score_ax_ is None
    assert [line.get_label() for line in display.lines_] == ["training loss"]
    assert display.figure_.axes == [display.ax_]


def test_lbfgs_has_a_loss_and_no_learning_rate():
    display = LossCurveDisplay.from_estimator(
        train_briefly(MLPClassifier((5,), solver="lbfgs", random_state=0))
    )
    assert display.learning_rate is None
    assert display.train_loss[-1] < display.train_loss[0]


def test_epochs_without_validation_rows_are_nan():
    X, y = load_iris(return_X_y=True)
    model = converging(warm_start=True).fit(X, y)
    first = model.n_iter_
    model.set_params(early_stopping=True).fit(X, y)
    display = LossCurveDisplay.from_estimator(model)
    assert np.isnan(display.valid_score[:first]).all()
    assert np.isfinite(display.valid_score[first:]).all()


def test_axes_are_labelled_with_what_they_show(stopped_early):
    display = LossCurveDisplay.from_estimator(stopped_early)
    assert display.ax_.get_xlabel() == "epoch"
    assert display.ax_.get_ylabel() == "loss per row (log loss)"
    assert display.score_ax_.get_ylabel() == "validation accuracy"
    best = int(np.argmax(display.valid_score)) + 1
    texts = [t.get_text() for t in display.score_ax_.get_legend().get_texts()]
    assert texts[:2] == ["training loss", "validation loss"]
    assert texts[2].endswith(f"in epoch {best}")


def test_a_regressor_shows_its_loss_and_r2():
    model = MLPRegressor(
        "absolute_error", (5,), early_stopping=True, tol=1.0, random_state=0
    )
    display = LossCurveDisplay.from_estimator(train_briefly(model))
    assert display.ax_.get_ylabel() == "loss per row (absolute error)"
    assert display.score_ax_.get_ylabel() == "validation R²"


def never_finite(model, X, y):
    return float("nan")


@pytest.mark.parametrize(
    ("scoring", "name"),
    [
        (None, "accuracy"),
        ("loss", "negative loss"),
        ("neg_log_loss", "negative log loss"),
        ("roc_auc", "ROC AUC"),
        ("f1_macro", "F1 macro"),
        (make_scorer(f1_score), "F1 score"),
        (
            make_scorer(brier_score_loss, greater_is_better=False),
            "negative brier score loss",
        ),
        (never_finite, "never finite"),
        (lambda model, X, y: 0.0, "score"),
    ],
)
@pytest.mark.filterwarnings("ignore::sknn_suite.exceptions.SuiteWarning")
def test_the_score_is_named_by_what_it_is(scoring, name):
    model = converging(early_stopping=True, early_stopping_scoring=scoring)
    display = LossCurveDisplay.from_estimator(train_briefly(model))
    assert display.score_ax_.get_ylabel() == f"validation {name}"
    assert display.lines_[-1].get_label().startswith(f"validation {name}, ")


def test_the_score_of_a_detector_is_its_loss():
    X, _ = load_iris(return_X_y=True)
    model = AutoencoderDetector(early_stopping=True, max_iter=3, random_state=0).fit(X)
    display = LossCurveDisplay.from_estimator(model)
    assert display.score_ax_.get_ylabel() == "validation negative loss"


@pytest.mark.filterwarnings("ignore::sknn_suite.exceptions.SuiteWarning")
def test_scores_of_which_none_is_finite_have_no_best_one():
    model = converging(early_stopping=True, early_stopping_scoring=never_finite)
    display = LossCurveDisplay.from_estimator(train_briefly(model))
    assert np.isnan(display.valid_score).all()
    label = display.lines_[-1].get_label()
    assert label == "validation never finite, never finite"


def test_the_best_score_is_the_best_finite_one():
    scores = [0.1, np.inf, 0.7, np.nan, 0.3]
    display = LossCurveDisplay(train_loss=np.ones(5), valid_score=scores).plot()
    assert display.lines_[-1].get_label() == "validation score, best 0.700 in epoch 3"


def test_losses_of_which_none_is_finite_are_drawn():
    losses = {"train_loss": np.ones(3), "valid_loss": np.full(3, np.nan)}
    display = LossCurveDisplay(**losses).plot()
    assert len(display.lines_) == 2


def test_axis_starts_at_zero_and_is_logarithmic_only_if_asked(stopped_early):
    linear = LossCurveDisplay.from_estimator(stopped_early)
    assert linear.ax_.get_yscale() == "linear"
    assert linear.ax_.get_ylim()[0] == 0
    assert (
        LossCurveDisplay.from_estimator(stopped_early, log_scale=True).ax_.get_yscale()
        == "log"
    )


def test_two_trainings_share_their_axes(stopped_early):
    first = LossCurveDisplay.from_estimator(stopped_early, name="a")
    taller = LossCurveDisplay(
        train_loss=2 * first.train_loss, valid_score=first.valid_score
    ).plot(first.ax_, score_ax=first.score_ax_, name="b")
    assert len(taller.figure_.axes) == 2
    assert taller.ax_.get_ylim()[1] >= 2 * first.train_loss.max()
    assert taller.ax_.get_ylim()[0] == 0
    texts = [t.get_text() for t in taller.score_ax_.get_legend().get_texts()]
    assert {text.partition(":")[0] for text in texts} == {"a", "b"}


def test_scikit_learns_own_mlp_can_stand_beside_ours():
    theirs = PlainMLPClassifier((5,), max_iter=20, tol=1.0, random_state=0)
    display = LossCurveDisplay.from_estimator(train_briefly(theirs))
    np.testing.assert_array_equal(display.train_loss, theirs.loss_curve_)


def test_trained_network_is_found_in_a_search_over_a_pipeline():
    pipeline = make_pipeline(StandardScaler(), converging())
    search = GridSearchCV(pipeline, {"mlpclassifier__alpha": [1e-4]}, cv=2)
    display = LossCurveDisplay.from_estimator(train_briefly(search))
    trained = search.best_estimator_[-1]
    np.testing.assert_array_equal(display.train_loss, trained.loss_curve_)


def test_style_of_the_lines_is_the_callers(stopped_early):
    display = LossCurveDisplay.from_estimator(
        stopped_early, line_kw={"linewidth": 5}, score_kw={"color": "black"}
    )
    assert [line.get_linewidth() for line in display.lines_[:2]] == [5, 5]
    assert display.lines_[2].get_color() == "black"


def test_unfitted_estimator_is_refused():
    with pytest.raises(NotFittedError):
        LossCurveDisplay.from_estimator(MLPClassifier())


def test_estimator_without_epochs_is_refused():
    model = make_pipeline(StandardScaler(), LogisticRegression())
    with pytest.raises(ValueError, match=r"^Pipeline has no loss per epoch"):
        LossCurveDisplay.from_estimator(train_briefly(model))


def test_missing_matplotlib_is_named(monkeypatch, stopped_early):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'sknn_suite\[plot"):
        LossCurveDisplay.from_estimator(stopped_early)


def test_folds_are_drawn_one_by_one():
    X, y = load_iris(return_X_y=True)
    network = MLPClassifier((3,), n_iter_no_change=1, tol=9.0)  # it ends at once
    folds = CrossFitClassifier(network, cv=3).fit(X, y)
    with pytest.raises(ValueError, match=r"^CrossFitClassifier has 3 fitted models"):
        LossCurveDisplay.from_estimator(folds)
    _, ax = plt.subplots()
    for one in folds.estimators_:
        LossCurveDisplay.from_estimator(one, ax=ax)
    assert len(ax.lines) == 3
