"""Whether stacks are better than their parts, as good as scikit-learn's, and faster.

First, tweets (hate_offensive) in the way that wins on Kaggle: a text network, TF-IDF
with a logistic regression and with boosting, a second level, and decisions for the
macro F1, which the parts have too. The stack should beat the best part by one standard
error.

Second, on adult, telco_churn and titanic a network, boosting and a forest are stacked.
The stack should be no worse than the best part on any, within a standard error.

Third, on eight data sets the stack should be within one standard error of
scikit-learn's StackingClassifier with the same members, over the same splits.

Fourth, networks alone should take at most .6 of its time, and greedy selection of 50
models on 100,000 rows, 40 steps by AUC, at most 20 s.
"""

import argparse
import statistics
import time
import warnings
from typing import Any

import numpy as np
from _measure import Line, earlier, load_shared, parse_options, report
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
)
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sknn_suite import MLPClassifier, TextRNNClassifier
from sknn_suite.ensemble import CrossFitStackingClassifier, greedy_weights

TABLES = ("adult", "telco_churn", "titanic")
OTHERS = ("bank_marketing", "mammography", "breast_cancer", "digits", "wine")
TEXT = "hate_offensive"
SPEED = "speed"
GREEDY = "greedy"
NAMES = (TEXT, *TABLES, *OTHERS, SPEED, GREEDY)

# Rows that are used at most; more would take hours on two cores.
MOST_ROWS = 12_000
QUICK_ROWS = 400


def main() -> None:
    options = parse_options(__doc__, NAMES)
    warnings.simplefilter("ignore")  # of networks that stop early
    raw: dict[str, Any] = earlier("stack_quality", options)
    notes = [
        "A score is the mean over splits. The ratio of a line of scores is their "
        "difference in standard errors over splits."
    ]
    for name in options.only:
        found = measure(name, options)
        if found is None:
            notes.append(f"{name} was skipped: its file is not here (set SKNN_DATA).")
        else:
            raw[name] = found
    lines = []
    for name in (n for n in NAMES if n in raw):
        lines += lines_of(name, raw[name])
    report("stack_quality", __doc__, lines, options, notes=notes, raw=raw)


def measure(name: str, options: argparse.Namespace) -> dict[str, list] | None:
    """Measure one data set; None if it is missing."""
    most = QUICK_ROWS if options.quick else MOST_ROWS
    n_splits = 2 if options.quick else options.repeats or 5
    if name == SPEED:
        return measure_speed(most, n_splits)
    if name == GREEDY:
        return measure_greedy(2_000 if options.quick else 100_000)
    data = load_bundled(name) or load_shared(name)
    if data is None:
        return None
    X, y = data["X"], np.asarray(data["y"])
    rows = np.random.RandomState(0).permutation(len(y))[:most]
    X, y = (X.iloc[rows] if hasattr(X, "iloc") else X[rows]), y[rows]
    found: dict[str, list] = {}
    splits = StratifiedShuffleSplit(n_splits, test_size=0.3, random_state=0)
    for train, test in splits.split(np.zeros(len(y)), y):
        scores = scores_of(name, X, y, train, test)
        for what, value in scores.items():
            found.setdefault(what, []).append(value)
        print(name, {k: round(v, 4) for k, v in scores.items()}, flush=True)
    return found


def load_bundled(name: str) -> dict | None:
    """Load a data set that comes with scikit-learn; None if it does not."""
    loaders = {
        "breast_cancer": load_breast_cancer,
        "digits": load_digits,
        "wine": load_wine,
    }
    if name not in loaders:
        return None
    X, y = loaders[name](return_X_y=True, as_frame=True)
    return {"X": X, "y": y}


def scores_of(
    name: str, X: Any, y: np.ndarray, train: np.ndarray, test: np.ndarray
) -> dict[str, float]:
    """Fit both stacks on the same rows, and score them and the parts of ours."""
    is_text = name == TEXT
    members = text_members() if is_text else table_members()

    def score(model: Any) -> float:
        decided = model.predict(take(X, test))
        if is_text:
            return float(f1_score(y[test], decided, average="macro"))
        return float(accuracy_score(y[test], decided))

    level = LogisticRegression(C=10, max_iter=2000)
    stack = CrossFitStackingClassifier(
        members,
        final_estimator=level if is_text else "greedy",
        decision_threshold="f1_macro" if is_text else None,
        cv=5,
    )
    began = time.perf_counter()
    stack.fit(take(X, train), y[train])
    seconds = time.perf_counter() - began
    plain = StackingClassifier(members, LogisticRegression(max_iter=2000), cv=5)
    began = time.perf_counter()
    plain.fit(take(X, train), y[train])
    found = {"stack": score(stack), "seconds": seconds}
    found |= {f"part {n}": score(member) for n, member in stack.members_.items()}
    found["plain"] = score(plain)
    found["plain seconds"] = time.perf_counter() - began
    return found


def take(X: Any, rows: np.ndarray) -> Any:
    """Choose rows of a frame or an array."""
    return X.iloc[rows] if hasattr(X, "iloc") else X[rows]


def text_members() -> list[tuple[str, Any]]:
    """Make the three models of texts."""
    words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    return [
        ("network", TextRNNClassifier(random_state=0)),
        ("line", make_pipeline(words, LogisticRegression(C=10, max_iter=1000))),
        (
            "boosting",
            make_pipeline(
                TfidfVectorizer(min_df=3),
                TruncatedSVD(100, random_state=0),
                HistGradientBoostingClassifier(random_state=0),
            ),
        ),
    ]


def make_table() -> Any:
    """Make the columns that networks and forests take."""
    numbers = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())
    kinds = OneHotEncoder(
        handle_unknown="infrequent_if_exist", min_frequency=10, sparse_output=False
    )
    return make_column_transformer(
        (numbers, make_column_selector(dtype_include="number")),
        (kinds, make_column_selector(dtype_exclude="number")),
    )


def make_network(seed: int = 0) -> Any:
    """Make a network for tables."""
    how = {"alpha": 0.1, "learning_rate_init": 3e-3, "max_iter": 30}
    return make_pipeline(make_table(), MLPClassifier((64,), random_state=seed, **how))


def table_members() -> list[tuple[str, Any]]:
    """Make the three models of tables."""
    forest = RandomForestClassifier(200, min_samples_leaf=2, random_state=0)
    boosting = HistGradientBoostingClassifier(random_state=0, learning_rate=0.05)
    return [
        ("network", make_network()),
        ("boosting", make_pipeline(make_table(), boosting)),
        ("forest", make_pipeline(make_table(), forest)),
    ]


def measure_speed(most: int, n_repeats: int) -> dict[str, list]:
    """Time stacks of networks alone, in turn."""
    X, y = load_digits(return_X_y=True, as_frame=True)
    X, y = X[:most], y[:most].to_numpy()
    members = [(f"network{i}", make_network(i)) for i in range(3)]
    found: dict[str, list] = {"seconds": [], "plain seconds": []}
    for _ in range(n_repeats):
        for name, model in (
            ("seconds", CrossFitStackingClassifier(members, cv=5)),
            ("plain seconds", StackingClassifier(members, LogisticRegression(), cv=5)),
        ):
            began = time.perf_counter()
            model.fit(X, y)
            found[name].append(time.perf_counter() - began)
    return found


def measure_greedy(n_rows: int) -> dict[str, list]:
    """Time the selection among fifty models of unequal strength."""
    source = np.random.RandomState(0)
    y = (source.uniform(size=n_rows) < 0.3).astype(int)
    shared = source.normal(size=n_rows)
    strength = source.uniform(0.5, 1.5, size=(50, 1))
    logits = strength * (y - 0.3) + shared + source.normal(size=(50, n_rows))
    began = time.perf_counter()
    found = greedy_weights(1 / (1 + np.exp(-logits)), y, "roc_auc", n_steps=40)
    return {"seconds": [time.perf_counter() - began], "value": [found.value]}


def lines_of(name: str, found: dict[str, list]) -> list[Line]:
    """Make the lines of a data set."""
    if name == SPEED:
        ours, plain = (min(found[k]) for k in ("seconds", "plain seconds"))
        work, rival = "three networks, five folds", "StackingClassifier"
        return [Line(work, rival, plain, ours, ours / plain, 0.6, at_most=True)]
    if name == GREEDY:
        seconds = found["seconds"][0]
        work = "greedy selection, 50 models"
        return [Line(work, "20 s", 20.0, seconds, seconds / 20, 1.0, at_most=True)]
    parts = [k for k in found if k.startswith("part ")]
    best = max(parts, key=lambda k: statistics.mean(found[k]))
    what = f"{'macro F1' if name == TEXT else 'accuracy'} on {name}"
    lines = []
    if name in (TEXT, *TABLES):
        lines.append(compare(what, best, found, 1.0 if name == TEXT else -1.0))
    if name != TEXT:
        lines.append(compare(what, "plain", found, -1.0))
    return lines


def compare(what: str, rival: str, found: dict[str, list], gate: float) -> Line:
    """Compare the stack with a rival, in standard errors of the difference."""
    ours, theirs = np.array(found["stack"]), np.array(found[rival])
    gain = ours - theirs
    error = gain.std(ddof=1) / np.sqrt(len(gain)) if len(gain) > 1 else 0.0
    by = float(gain.mean() / error) if error > 0 else 0.0
    name = "StackingClassifier" if rival == "plain" else f"best {rival}"
    return Line(what, name, theirs.mean(), ours.mean(), by, gate, unit="")


if __name__ == "__main__":
    main()
