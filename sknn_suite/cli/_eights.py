"""Part of the demo: find the eights among handwritten digits."""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple

from imblearn.over_sampling import SMOTE
from imblearn.pipeline import Pipeline as SamplerPipeline
from sklearn.base import BaseEstimator
from sklearn.callback import ProgressBar
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier, StackingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, f1_score
from sklearn.model_selection import (
    GridSearchCV,
    ParameterGrid,
    StratifiedKFold,
    TunedThresholdClassifierCV,
    train_test_split,
)
from sklearn.neural_network import MLPClassifier as PlainMLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_suite.cli._comparison import Comparison, Row
from sknn_suite.cli._stage import Stage
from sknn_suite.decision import ThresholdTuner
from sknn_suite.plotting import LossCurveDisplay, ThresholdCurveDisplay
from sknn_suite.search import train_together
from sknn_suite.tabular import MLPClassifier

MLPS = {"sknn_suite": MLPClassifier, "scikit-learn": PlainMLPClassifier}
TUNERS = {"sknn_suite": ThresholdTuner, "scikit-learn": TunedThresholdClassifierCV}


class Data(NamedTuple):
    """Training rows and held-out rows."""

    X_train: Any
    X_test: Any
    y_train: Any
    y_test: Any


class Size(NamedTuple):
    """The amount of work."""

    n_rows: int
    n_folds: int
    n_trees: int
    mlp: dict
    grid: dict


FULL = Size(
    n_rows=1797,
    n_folds=5,
    n_trees=100,
    mlp={"max_iter": 300},
    grid={
        "mlp__hidden_layer_sizes": [(50,), (100,)],
        "mlp__alpha": [1e-4, 1.0],
    },
)
QUICK = Size(
    n_rows=600,
    n_folds=2,
    n_trees=10,
    mlp={"learning_rate_init": 0.01, "tol": 0.01},
    grid={"mlp__alpha": [1e-4, 1.0]},
)


def find_the_eights(stage: Stage) -> Comparison:
    """Search, tune and stack a network that finds one digit in ten.

    Both networks get the same rows, folds, settings and seeds. They run in turns, step
    by step. Each package tunes its threshold in its own way: `ThresholdTuner` keeps the
    networks of the folds, and TunedThresholdClassifierCV fits another one on all rows.

    Parameters
    ----------
    stage : Stage
        Where to run.

    Returns
    -------
    Comparison
        Average precision, F1 and seconds of each step, and two pictures.
    """
    size = QUICK if stage.quick else FULL
    data = _load(size)
    folds = StratifiedKFold(size.n_folds, shuffle=True, random_state=0)
    n_eights = int(data.y_train.sum() + data.y_test.sum())
    title = f"Find the eights: {n_eights} of {size.n_rows:,} handwritten digits"
    stage.say(f"{title}\nSeconds of both, in turns, with one thread:")

    searches = {name: _make_search(mlp, size, folds) for name, mlp in MLPS.items()}
    if stage.progress_bars:
        for search in searches.values():
            # Depth 0, because imbalanced-learn's Pipeline passes no callbacks on.
            search.set_callbacks(ProgressBar(max_propagation_depth=0))
    n_settings = len(ParameterGrid(size.grid))
    step = f"grid search, {n_settings} x {size.n_folds} fits"
    rows = [_compare(stage, step, searches, data)]

    best = {name: search.best_estimator_ for name, search in searches.items()}
    tuned = {
        name: tuner(best[name], scoring="f1", cv=folds)
        for name, tuner in TUNERS.items()
    }
    rows.append(_compare(stage, "threshold tuned for F1", tuned, data))

    stacks = {
        name: _make_stack(pipeline, size, folds) for name, pipeline in best.items()
    }
    rows.append(_compare(stage, "stack with forest, linear", stacks, data))

    return Comparison(
        title=f"{title}, scores on {len(data.y_test):,} held-out digits",
        other="scikit-learn",
        measures=("avg. prec.", "F1", "seconds"),
        rows=rows,
        remark=(
            "avg. prec. is average precision, the area under the precision-recall "
            f"curve.\nWith {data.y_test.sum()} eights held out, one eight changes F1 "
            f"by about 0.01.\n{_tell_thresholds(tuned)}"
        ),
        pictures=[
            _draw_losses(best, stage),
            _draw_thresholds(tuned["sknn_suite"], data, stage),
        ],
    )


def _load(size: Size) -> Data:
    X, y = load_digits(return_X_y=True)
    X, is_eight = X[: size.n_rows], (y[: size.n_rows] == 8).astype(int)
    return Data(
        *train_test_split(X, is_eight, test_size=0.4, stratify=is_eight, random_state=0)
    )


def _make_search(mlp: type, size: Size, folds: StratifiedKFold) -> GridSearchCV:
    pipeline = SamplerPipeline(
        [
            ("scaler", StandardScaler()),
            ("smote", SMOTE(random_state=0)),
            ("mlp", mlp(random_state=0, **size.mlp)),
        ]
    )
    return GridSearchCV(pipeline, size.grid, scoring="average_precision", cv=folds)


def _make_stack(
    pipeline: BaseEstimator, size: Size, folds: StratifiedKFold
) -> StackingClassifier:
    # The last step is a logistic regression. Its probabilities suit the threshold 0.5.
    return StackingClassifier(
        [
            ("network", pipeline),
            ("forest", RandomForestClassifier(size.n_trees, random_state=0)),
            ("linear", make_pipeline(StandardScaler(), LogisticRegression())),
        ],
        cv=folds,
    )


def _compare(stage: Stage, step: str, models: dict, data: Data) -> Row:
    """Fit and score the model of each package, ours first."""
    values = []
    for name, model in models.items():
        values.append(_measure(stage, f"{step}, {name}", model, data))
    return Row(step, *values)


def _measure(
    stage: Stage, step: str, model: Any, data: Data
) -> tuple[float, float, float]:
    block: AbstractContextManager[None] = nullcontext()
    if step.endswith("sknn_suite"):
        block = train_together()
    with block:
        _, seconds = stage.time(step, lambda: model.fit(data.X_train, data.y_train))
    scores = model.predict_proba(data.X_test)[:, 1]
    found = model.predict(data.X_test)
    return (
        float(average_precision_score(data.y_test, scores)),
        float(f1_score(data.y_test, found)),
        seconds,
    )


def _tell_thresholds(tuned: dict) -> str:
    ours, theirs = tuned["sknn_suite"], tuned["scikit-learn"]
    return (
        "ThresholdTuner of sknn_suite chose the threshold "
        f"{ours.decision_threshold_:.3f} on rows left out,\n"
        f"scikit-learn {theirs.best_threshold_:.3f}."
    )


def _draw_losses(best: dict, stage: Stage) -> Path:
    figure = stage.make_figure()
    ax = figure.subplots()
    # With one seed both follow the same curve, so ours is a thin line on theirs.
    styles = {
        "scikit-learn": {"linewidth": 6, "color": "C1", "alpha": 0.4},
        "sknn_suite": {"color": "C0"},
    }
    for name, style in styles.items():
        LossCurveDisplay.from_estimator(best[name], ax=ax, name=name, line_kw=style)
    ax.set_title("Find the eights: training of the best setting", loc="left")
    return stage.save(figure, "loss_curve.png")


def _draw_thresholds(tuned: Any, data: Data, stage: Stage) -> Path:
    figure = stage.make_figure()
    ax = figure.subplots()
    ThresholdCurveDisplay.from_estimator(tuned, data.X_test, data.y_test, ax=ax)
    ax.set_title("Find the eights: held-out digits at every threshold", loc="left")
    ax.set_ylabel("precision, recall, F1 of eights")
    return stage.save(figure, "threshold_curve.png")
