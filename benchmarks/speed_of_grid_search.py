"""How long a search over many small nets takes, against scikit-learn.

With small nets most of the time is not arithmetic, but checks, clones, construction,
the first step, and with two workers the transfer to them and back.
"""

import numpy as np
from _measure import OURS, Line, compare, parse_options, report, rounds, take_turns
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier as SklearnMLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_suite import MLPClassifier

SKLEARN = "scikit-learn"


def main() -> None:
    options = parse_options(__doc__)
    X, y = load_breast_cancer(return_X_y=True)
    epochs = 5 if options.quick else 50
    grid = {
        "mlpclassifier__alpha": np.logspace(-5, 0, 5),
        "mlpclassifier__hidden_layer_sizes": [(10,), (50,), (100,), (50, 50)],
    }
    lines: list[Line] = []
    notes: list[str] = []
    raw = {}
    for n_jobs in (1, 2):
        searches = {
            name: GridSearchCV(
                make_pipeline(StandardScaler(), kind(max_iter=epochs, random_state=0)),
                grid,
                cv=5,
                n_jobs=n_jobs,
                scoring="neg_log_loss",
            )
            for name, kind in ((SKLEARN, SklearnMLPClassifier), (OURS, MLPClassifier))
        }
        # The untimed call starts the workers, and they import the packages.
        seconds = take_turns(
            {name: lambda s=s: s.fit(X, y) for name, s in searches.items()},
            rounds(options, 3),
        )
        work = (
            f"grid search, 20 candidates x 5 folds, 569x30, {epochs} epochs, {n_jobs=}"
        )
        raw[work] = seconds
        lines.append(compare(work, seconds, SKLEARN, 1.0))
        best = [
            f"{name} {-search.best_score_:.4f}" for name, search in searches.items()
        ]
        notes.append(f"{n_jobs=}: best mean log-loss " + ", ".join(best))
    report("speed_of_grid_search", __doc__, lines, options, notes=notes, raw=raw)


if __name__ == "__main__":
    main()
