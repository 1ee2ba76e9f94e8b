"""How long searches and ensembles take inside train_together, against scikit-learn.

scikit-learn's MLP runs in the same search with n_jobs=2. Gates are times as fast; the
memory is that of the process above one fit. Lines against "ours alone" compare with the
same call outside of a block.
"""

import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from _measure import (
    MEMORY,
    OURS,
    Line,
    compare,
    earlier,
    load_shared,
    parse_options,
    report,
    rounds,
    run_python,
    take_turns,
)
from imblearn.over_sampling import SMOTE
from imblearn.pipeline import make_pipeline as make_sampler_pipeline
from sklearn.datasets import load_breast_cancer, make_classification
from sklearn.ensemble import BaggingClassifier, StackingClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV
from sklearn.neural_network import MLPClassifier as PlainMLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_suite import MLPClassifier, train_together

SKLEARN = "scikit-learn, n_jobs=2"
ALONE = "ours alone"
SKORCH = "skorch"

CAPABILITY = torch.backends.cpu.get_cpu_capability()
NOTES = [f"instruction set of torch: {CAPABILITY}"]
ON_CPU = "speed_of_search_avx2" if CAPABILITY == "AVX2" else "speed_of_search"

PARTS_ON_CPU = (
    "grid",
    "smote",
    "epochs",
    "max_iter",
    "halving",
    "ensembles",
    "large",
    "fit",
    "skorch",
    "memory",
)
PARTS = (*PARTS_ON_CPU, "gpu")


def timed(
    work: str,
    models: dict[str, Any],
    X: Any,
    y: Any,
    options: Any,
    gates: dict[str, float],
) -> tuple[list[Line], dict]:
    """Fit the models in turns, ours in a block; compare with each other one."""

    def fit(name: str, model: Any) -> Callable[[], Any]:
        def run() -> Any:
            with train_together() if name == OURS else nullcontext():
                return model.fit(X, y)

        return run

    contenders = {name: fit(name, model) for name, model in models.items()}
    seconds = take_turns(contenders, rounds(options, 3))
    return [compare(work, seconds, name, gate) for name, gate in gates.items()], {
        work: seconds
    }


def small_table(n_rows: int, n_columns: int) -> tuple[np.ndarray, np.ndarray]:
    return make_classification(
        n_samples=n_rows,
        n_features=n_columns,
        n_informative=min(10, n_columns),
        n_redundant=0,
        random_state=0,
    )


def search_grid(options: Any) -> tuple[list[Line], dict]:
    """20 candidates x 5 folds on a small table."""
    X, y = load_breast_cancer(return_X_y=True)
    epochs = 3 if options.quick else 50
    grid = {
        "mlpclassifier__alpha": np.logspace(-5, 0, 5),
        "mlpclassifier__learning_rate_init": [1e-4, 3e-4, 1e-3, 3e-3],
    }

    def search(kind: type, n_jobs: int | None, **params: Any) -> GridSearchCV:
        mlp = kind(max_iter=epochs, random_state=0, **params)
        return GridSearchCV(
            make_pipeline(StandardScaler(), mlp), grid, cv=5, n_jobs=n_jobs
        )

    lines, raw = [], {}
    for precision, gate in (("auto", 2.5), ("float32", 4.0)):
        models = {
            SKLEARN: search(PlainMLPClassifier, 2),
            OURS: search(MLPClassifier, None, precision=precision),
        }
        work = f"20 candidates x 5 folds, 569x30, {epochs} epochs, {precision=}"
        new, seconds = timed(work, models, X, y, options, {SKLEARN: gate})
        lines += new
        raw |= seconds
    return lines, raw


def search_smote(options: Any) -> tuple[list[Line], dict]:
    """12 candidates x 5 folds over SMOTE and a scaler."""
    data = load_shared("mammography")
    if data is not None:
        X, y = np.asarray(data["X"], float), np.asarray(data["y"]).astype(int)
    else:
        X, y = make_classification(11_183, 6, weights=[0.977], random_state=0)
    epochs = 2 if options.quick else 50
    if options.quick:
        X, y = X[:2000], y[:2000]
    grid = {
        "smote__k_neighbors": [3, 5],
        "mlpclassifier__alpha": [1e-4, 1e-2, 1.0],
        "mlpclassifier__hidden_layer_sizes": [(50,), (100,)],
    }

    def search(kind: type, n_jobs: int | None) -> GridSearchCV:
        mlp = kind(early_stopping=True, random_state=0, max_iter=epochs)
        steps = (StandardScaler(), SMOTE(random_state=0), mlp)
        return GridSearchCV(
            make_sampler_pipeline(*steps),
            grid,
            cv=5,
            scoring="average_precision",
            n_jobs=n_jobs,
        )

    models = {
        SKLEARN: search(PlainMLPClassifier, 2),
        OURS: search(MLPClassifier, None),
    }
    work = f"12 candidates x 5 folds, SMOTE, {X.shape[0]}x{X.shape[1]}, early stopping"
    return timed(work, models, X, y, options, {SKLEARN: 2.5})


def search_epochs(options: Any) -> tuple[list[Line], dict]:
    """Epochs x width."""
    shape = (500, 784) if options.quick else (10_000, 784)
    X, y = small_table(*shape)
    grid = {
        "max_iter": [1, 5, 10],
        "hidden_layer_sizes": [(32,), (64,), (256,)],
    }
    models = {
        SKLEARN: GridSearchCV(
            PlainMLPClassifier(random_state=0, tol=0), grid, cv=3, n_jobs=2
        ),
        OURS: GridSearchCV(MLPClassifier(random_state=0, tol=0), grid, cv=3),
    }
    work = f"epochs (1, 5, 10) x width (32, 64, 256), 3 folds, {shape[0]}x{shape[1]}"
    return timed(work, models, X, y, options, {SKLEARN: 3.0})


def search_max_iter(options: Any) -> tuple[list[Line], dict]:
    """Search an axis of epochs beside ten other candidates."""
    X, y = small_table(1000, 20)
    epochs = [2, 4, 8, 16] if options.quick else [25, 50, 100, 200]
    grid = {"max_iter": epochs, "alpha": np.logspace(-5, 1, 10)}
    common = {"tol": 0, "n_iter_no_change": 1000, "random_state": 0}
    models = {
        SKLEARN: GridSearchCV(PlainMLPClassifier(**common), grid, cv=5, n_jobs=2),
        OURS: GridSearchCV(MLPClassifier(**common), grid, cv=5),
    }
    work = f"max_iter {epochs} x 10 others, 5 folds, 1000x20"
    return timed(work, models, X, y, options, {SKLEARN: 5.0})


def search_halving(options: Any) -> tuple[list[Line], dict]:
    """27 candidates, factor 3, against the full grid and against refitting."""
    X, y = small_table(1000, 20)
    largest = 27 if options.quick else 135
    grid = {
        "alpha": np.logspace(-5, 1, 9),
        "learning_rate_init": [3e-4, 1e-3, 3e-3],
    }
    common = {"tol": 0, "n_iter_no_change": 1000, "random_state": 0}

    def halving(kind: type, n_jobs: int | None) -> HalvingGridSearchCV:
        return HalvingGridSearchCV(
            kind(**common),
            grid,
            resource="max_iter",
            min_resources=largest // 27,
            max_resources=largest,
            factor=3,
            cv=5,
            n_jobs=n_jobs,
            random_state=0,
        )

    full = PlainMLPClassifier(max_iter=largest, **common)
    models = {
        SKLEARN + ", full grid": GridSearchCV(full, grid, cv=5, n_jobs=2),
        SKLEARN + ", halving": halving(PlainMLPClassifier, 2),
        ALONE: halving(MLPClassifier, None),
        OURS: halving(MLPClassifier, None),
    }
    work = f"halving, 27 candidates, factor 3, up to {largest} epochs, 1000x20"
    gates = {SKLEARN + ", full grid": 8.0, SKLEARN + ", halving": None, ALONE: 1.5}
    return timed(work, models, X, y, options, gates)


def fit_ensembles(options: Any) -> tuple[list[Line], dict]:
    """Fit a stack of three networks, and a bag of twenty."""
    X, y = small_table(300 if options.quick else 2000, 20)
    epochs = 3 if options.quick else 50

    def stack(kind: type, n_jobs: int | None) -> StackingClassifier:
        networks = [
            (f"m{i}", kind((100,), alpha=10.0**-i, max_iter=epochs, random_state=i))
            for i in range(3)
        ]
        return StackingClassifier(
            [*networks, ("linear", LogisticRegression())], cv=5, n_jobs=n_jobs
        )

    def bag(kind: type, n_jobs: int | None) -> BaggingClassifier:
        return BaggingClassifier(
            kind(max_iter=epochs), n_estimators=20, random_state=0, n_jobs=n_jobs
        )

    lines, raw = [], {}
    for name, make in (("stack of 3 networks and a line", stack), ("bag of 20", bag)):
        models = {
            SKLEARN: make(PlainMLPClassifier, 2),
            OURS: make(MLPClassifier, None),
        }
        work = f"{name}, {X.shape[0]}x20"
        new, seconds = timed(work, models, X, y, options, {SKLEARN: 2.0})
        lines += new
        raw |= seconds
    return lines, raw


def search_large(options: Any) -> tuple[list[Line], dict]:
    """Networks that are too large to gain from company."""
    X, y = small_table(500 if options.quick else 20_000, 100)
    epochs, n_alpha = (1, 2) if options.quick else (2, 20)
    grid = {"alpha": np.logspace(-5, 1, n_alpha)}

    def search() -> GridSearchCV:
        mlp = MLPClassifier((512, 512), max_iter=epochs, random_state=0)
        return GridSearchCV(mlp, grid, cv=5, refit=False)

    models = {ALONE: search(), OURS: search()}
    work = f"{n_alpha} x 5, hidden (512, 512), {X.shape[0]}x100, {epochs} epochs"
    return timed(work, models, X, y, options, {ALONE: 1.0})


def fit_one(options: Any) -> tuple[list[Line], dict]:
    """One network, which is a pack of one."""
    shapes = [(32_000, 100, (256,), 2.2), (60_000, 784, (512, 512), 1.8)]
    if options.quick:
        shapes = [(1000, 100, (256,), 2.2)]
    lines, raw = [], {}
    for n_rows, n_columns, hidden, gate in shapes:
        X, y = small_table(n_rows, n_columns)
        X = X.astype(np.float32)
        common = {"max_iter": 2, "tol": 0, "random_state": 0}
        models = {
            "scikit-learn": PlainMLPClassifier(hidden, **common),
            OURS: MLPClassifier(hidden, precision="float32", **common),
        }
        work = f"one fit, {n_rows}x{n_columns}, hidden {hidden}, float32"
        new, seconds = timed(work, models, X, y, options, {"scikit-learn": gate})
        lines += new
        raw |= seconds
    return lines, raw


def search_skorch(options: Any) -> tuple[list[Line], dict]:
    """Skorch's classifier in the same search."""
    from skorch import NeuralNetClassifier

    X, y = load_breast_cancer(return_X_y=True)
    X = StandardScaler().fit_transform(X).astype(np.float32)
    epochs = 2 if options.quick else 50

    class Plain(torch.nn.Sequential):
        def __init__(self) -> None:
            super().__init__(
                torch.nn.Linear(30, 100), torch.nn.ReLU(), torch.nn.Linear(100, 2)
            )

    theirs = NeuralNetClassifier(
        Plain,
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        max_epochs=epochs,
        batch_size=200,
        train_split=None,
        verbose=0,
    )
    values = np.logspace(-4, -2, 2 if options.quick else 20)
    models = {
        SKORCH: GridSearchCV(theirs, {"lr": values}, cv=5),
        OURS: GridSearchCV(
            MLPClassifier(max_iter=epochs, random_state=0, precision="float32"),
            {"learning_rate_init": values},
            cv=5,
        ),
    }
    work = f"{len(values)} candidates x 5 folds, 569x30, {epochs} epochs"
    return timed(work, models, X, y, options, {SKORCH: 20.0})


def search_on_gpu(options: Any) -> tuple[list[Line], dict]:
    """200 candidates x 5 folds on one GPU, against one at a time on it.

    One at a time, every fortieth candidate is measured, and the seconds are those of
    all of them at this rate.
    """
    if not torch.cuda.is_available():
        print("gpu: skipped, there is none")
        return [], {}
    n_epochs, n_alpha, every = (3, 4, 2) if options.quick else (50, 200, 40)
    alphas = np.logspace(-6, 1, n_alpha)

    def search(grid: Any) -> GridSearchCV:
        mlp = MLPClassifier(
            max_iter=n_epochs, device="cuda", precision="float32", random_state=0
        )
        return GridSearchCV(mlp, {"alpha": grid}, cv=5, refit=False)

    lines, raw = [], {}
    for n_rows, gate in ((2_000, None), (20_000, 20.0)):
        X, y = small_table(500 if options.quick else n_rows, 50)
        X = X.astype(np.float32)
        search(alphas[:1]).fit(X, y)  # the first use of a GPU takes seconds
        work = f"{n_alpha} candidates x 5 folds, {len(X):,}x50, {n_epochs} epochs, GPU"
        seconds: dict[str, list[float]] = {ALONE: [], OURS: []}
        for _ in range(options.repeats or 1):
            started = time.perf_counter()
            alone = search(alphas[::every]).fit(X, y)
            seconds[ALONE].append((time.perf_counter() - started) * every)
            started = time.perf_counter()
            with train_together():
                together = search(alphas).fit(X, y)
            seconds[OURS].append(time.perf_counter() - started)
        scores = [search.cv_results_["mean_test_score"] for search in (alone, together)]
        difference = np.abs(scores[0] - scores[1][::every]).max()
        print(f"{work}: accuracies differ by at most {difference:.1e}")
        theirs, ours = (float(np.median(seconds[name])) for name in (ALONE, OURS))
        against = f"one at a time, of {n_alpha // every} candidates"
        lines.append(Line(work, against, theirs, ours, theirs / ours, gate))
        raw[work] = seconds
    return lines, raw


GRID = """
import warnings
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import GridSearchCV
from sknn_suite import MLPClassifier, train_together
warnings.simplefilter("ignore")
X, y = load_breast_cancer(return_X_y=True)
model = MLPClassifier(max_iter=EPOCHS, random_state=0)
model.fit(X, y)
before = forget_peak()
with train_together():
    GridSearchCV(model, {"alpha": np.logspace(-5, 0, 20)}, cv=5).fit(X, y)
print(resident("VmHWM") - before)
"""


def measure_memory(options: Any) -> tuple[list[Line], dict]:
    """Peak of the grid above one fit, in a fresh process."""
    code = (MEMORY + GRID).replace("EPOCHS", "3" if options.quick else "50")
    used = float(run_python(code))
    limit = 300.0
    work = "peak memory of 20 candidates x 5 folds above that of one fit, 569x30"
    line = Line(work, "300 MB", limit, used, used / limit, 1.0, at_most=True, unit="MB")
    return [line], {work: used}


RUN: dict[str, Callable[[Any], tuple[list[Line], dict]]] = {
    "grid": search_grid,
    "smote": search_smote,
    "epochs": search_epochs,
    "max_iter": search_max_iter,
    "halving": search_halving,
    "ensembles": fit_ensembles,
    "large": search_large,
    "fit": fit_one,
    "skorch": search_skorch,
    "gpu": search_on_gpu,
    "memory": measure_memory,
}


def main() -> None:
    options = parse_options(__doc__, PARTS)
    raw: dict[str, Any] = earlier(ON_CPU, options)
    for part in PARTS:
        if part in options.only:
            print(f"... {part}", flush=True)
            lines, seconds = RUN[part](options)
            raw[part] = {"lines": [vars(line) for line in lines], "seconds": seconds}
    # Machines with a GPU, and those with AVX2 alone, have tables of their own.
    tables = {ON_CPU: PARTS_ON_CPU, "speed_of_search_gpu": ("gpu",)}
    for name, parts in tables.items():
        lines = [
            Line(**line)
            for part in parts
            for line in raw.get(part, {}).get("lines", ())
        ]
        if lines and set(parts) & set(options.only):
            report(name, __doc__, lines, options, notes=NOTES, raw=raw)


if __name__ == "__main__":
    main()
