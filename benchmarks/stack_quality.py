"""Whether stacks are better than their parts, as good as scikit-learn's, and faster.

Stacks have the final step that is the default, "auto".

First, tweets (hate_offensive) in the way that wins on Kaggle: a text network, TF-IDF
with a logistic regression and with boosting, stacked, and decisions for the macro F1,
which the parts have too. The stack should beat the best part by one standard error.

Second, on adult, telco_churn and titanic a TabularClassifier, boosting and a forest are
stacked. The stack should be no worse than the best part on any, within a standard
error, and better on two.

Third, on eight data sets the stack of a network, boosting and a forest should be within
one standard error of scikit-learn's StackingClassifier with the same members, over the
same splits: by log-loss, which both are trained for, and by accuracy.

Splits are five folds, so that no row tests twice: errors of splits that share test rows
would be too small.

Fourth, networks alone should take at most .6 of its time, where networks are the work;
greedy selection of 50 models on 100,000 rows, 40 steps by AUC, at most 20 s. The
stacks take turns. The user waits for the wall time, in which packs of networks use as
many cores as torch has threads; scikit-learn's stack has one job, its default, and as
many as there are cores. Wall times tell on a quiet machine only, times of the processor
on a busy one too.

Each part can run by itself, with more rows: ``--only adult --rows 12000``. A part that
was stopped goes on after its last split.
"""

import argparse
import os
import statistics
import time
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from _measure import Line, earlier, load_shared, parse_options, report, rounds
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
)
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, log_loss
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from sknn_suite import MLPClassifier, TabularClassifier, TextRNNClassifier
from sknn_suite.ensemble import CrossFitStackingClassifier, greedy_weights

TABLES = ("adult", "telco_churn", "titanic")
EIGHT = (*TABLES, "bank_marketing", "mammography", "breast_cancer", "digits", "wine")
TEXT = "hate_offensive"
GREEDY = "greedy"

# Parts: data sets of the first three questions, then the times.
AS_PLAIN = {f"plain_{name}": name for name in EIGHT}
SPEED = {f"speed_{name}": name for name in ("breast_cancer", "digits", "adult")}
NAMES = (TEXT, *TABLES, *AS_PLAIN, *SPEED, GREEDY)

# Rows of each data set, at most; more would take hours on two cores.
MOST_ROWS = 2_000
QUICK_ROWS = 400

SEEDS = "Rows, splits and models have the seed 0."


def main() -> None:
    options = parse_options(__doc__, NAMES, rows=MOST_ROWS)
    warnings.simplefilter("ignore")  # of networks that stop early
    raw: dict[str, Any] = earlier("stack_quality", options)
    notes = [
        "A score is the mean over five splits; each row tests once. The ratio of a "
        "line of scores is the difference in standard errors over splits.",
        "Ratios of seconds are ours to theirs. Wall times mean little on a busy "
        "machine, see the load. Processor times are those of one process, so there is "
        "none of several jobs.",
        SEEDS,
    ]
    for name in options.only:
        for found in measure(name, raw.get(name, {}), options):
            raw[name] = found
            lines = [line for n in NAMES if n in raw for line in lines_of(n, raw[n])]
            # After each split, so that a run that is stopped has kept what it found.
            report("stack_quality", __doc__, lines, options, notes=notes, raw=raw)


def measure(
    name: str, known: dict[str, list], options: argparse.Namespace
) -> Iterator[dict[str, list]]:
    """Measure a part; yield what is found so far, and nothing without its data set.

    Splits of the same rows that are known from an earlier run are not measured again.
    """
    if name == GREEDY:
        yield measure_greedy(2_000 if options.quick else 100_000)
        return
    most = QUICK_ROWS if options.quick else options.rows
    source = AS_PLAIN.get(name) or SPEED.get(name) or name
    data = load_bundled(source) or load_shared(source)
    if data is None:
        print(f"{name} was skipped: its file is not here (set SKNN_DATA).")
        return
    X, y = data["X"], np.asarray(data["y"])
    rows = np.random.RandomState(0).permutation(len(y))[:most]
    X, y = take(X, rows), y[rows]
    found: dict[str, list] = {"rows": [len(y)]}
    if name in SPEED:
        yield found | measure_speed(X, y, rounds(options, 5))
        return
    if known.get("rows") == found["rows"]:
        found = known
    splits = StratifiedKFold(5, shuffle=True, random_state=0).split(np.zeros(len(y)), y)
    done = len(found.get("stack", ()))
    for train, test in list(splits)[done : rounds(options, 5)]:
        scores = scores_of(name, X, y, train, test)
        for what, value in scores.items():
            found.setdefault(what, []).append(value)
        print(name, {k: round(v, 4) for k, v in scores.items()}, flush=True)
        yield found


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
    """Fit a stack, and score it and its parts, or scikit-learn's stack."""
    is_text = name == TEXT
    members = text_members() if is_text else table_members(name in TABLES)

    def scores(who: str, model: Any) -> dict[str, float]:
        decided, proba = (
            way(take(X, test)) for way in (model.predict, model.predict_proba)
        )
        if is_text:
            score = f1_score(y[test], decided, average="macro")
        else:
            score = accuracy_score(y[test], decided)
        loss = log_loss(y[test], proba, labels=model.classes_)
        return {who: float(score), f"{who} loss": -float(loss)}

    decision = "f1_macro" if is_text else None
    stack = CrossFitStackingClassifier(members, decision_threshold=decision, cv=5)
    began = time.process_time()
    stack.fit(take(X, train), y[train])
    found = {"seconds": time.process_time() - began} | scores("stack", stack)
    if name in AS_PLAIN:
        plain = StackingClassifier(members, LogisticRegression(max_iter=2000), cv=5)
        return found | scores("plain", plain.fit(take(X, train), y[train]))
    for member, model in stack.members_.items():
        found |= scores(f"part {member}", model)
    return found


def take(X: Any, rows: np.ndarray) -> Any:
    """Choose rows of a frame, a list or an array."""
    if isinstance(X, list):
        return [X[i] for i in rows]
    return X.iloc[rows] if hasattr(X, "iloc") else X[rows]


def text_members() -> list[tuple[str, Any]]:
    """Make the three models of texts."""
    words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    letters = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(2, 5), min_df=3, sublinear_tf=True
    )
    line = LogisticRegression(C=3, max_iter=1000)
    return [
        ("network", TextRNNClassifier(random_state=0)),
        ("line", make_pipeline(make_union(words, letters), line)),
        (
            "boosting",
            make_pipeline(
                TfidfVectorizer(min_df=3, max_features=500),
                FunctionTransformer(csr_matrix.toarray, accept_sparse=True),
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


def table_members(as_they_are: bool) -> list[tuple[str, Any]]:
    """Make the three models of tables; the network may read data frames as they are."""
    forest = RandomForestClassifier(200, min_samples_leaf=2, random_state=0)
    boosting = HistGradientBoostingClassifier(random_state=0, learning_rate=0.05)
    network = TabularClassifier(random_state=0) if as_they_are else make_network()
    return [
        ("network", network),
        ("boosting", make_pipeline(make_table(), boosting)),
        ("forest", make_pipeline(make_table(), forest)),
    ]


def measure_speed(X: Any, y: np.ndarray, n_repeats: int) -> dict[str, list]:
    """Time stacks of networks alone, in turn, on columns that are numbers already."""
    X = make_table().fit_transform(X)
    members = [
        (f"network{i}", MLPClassifier(max_iter=50, random_state=i)) for i in range(3)
    ]
    plain = StackingClassifier(members, LogisticRegression(), cv=5)
    stacks = {
        "ours": CrossFitStackingClassifier(members, cv=5),
        "plain": plain,
        "jobs": clone(plain).set_params(n_jobs=os.cpu_count()),
    }
    found: dict[str, list] = {"threads": [torch.get_num_threads()]}
    for number in range(n_repeats + 1):
        for name, stack in stacks.items():
            began, cpu = time.perf_counter(), time.process_time()
            stack.fit(X, y)
            cpu, wall = time.process_time() - cpu, time.perf_counter() - began
            if number:  # in the first round processes start, and libraries load
                found.setdefault(name, []).append(cpu)
                found.setdefault(f"{name} wall", []).append(wall)
    return found


def measure_greedy(n_rows: int) -> dict[str, list]:
    """Time the selection among fifty models of unequal strength."""
    source = np.random.RandomState(0)
    y = (source.uniform(size=n_rows) < 0.3).astype(int)
    shared = source.normal(size=n_rows)
    strength = source.uniform(0.5, 1.5, size=(50, 1))
    logits = strength * (y - 0.3) + shared + source.normal(size=(50, n_rows))
    began = time.process_time()
    found = greedy_weights(1 / (1 + np.exp(-logits)), y, "roc_auc", n_steps=40)
    seconds = time.process_time() - began
    return {"rows": [n_rows], "seconds": [seconds], "value": [found.value]}


def lines_of(name: str, found: dict[str, list]) -> list[Line]:
    """Make the lines of a part."""
    n_rows = f"{found['rows'][0]:,} rows"
    if name in SPEED:
        work = f"three networks, five folds, {SPEED[name]}, {n_rows}"
        wall = f"wall time of {work}, torch threads: {found['threads'][0]}"
        return [
            compare_seconds(wall, found, "plain", " wall"),
            compare_seconds(wall, found, "jobs", " wall"),
            compare_seconds(f"processor time of {work}", found, "plain"),
        ]
    if name == GREEDY:
        seconds = found["seconds"][0]
        work = f"greedy selection, 50 models, {n_rows}, 40 steps by AUC"
        return [Line(work, "20 s", 20.0, seconds, seconds / 20, 1.0, at_most=True)]
    measure = "macro F1" if name == TEXT else "accuracy"
    n_splits = len(found["stack"])
    rows = f"on {AS_PLAIN.get(name, name)}, {n_rows}, {n_splits} splits"
    rivals = ["plain"] if name in AS_PLAIN else [k for k in found if is_part(k)]
    lines = []
    for what, kind in ((measure, ""), ("-log-loss", " loss")):
        mean = {k: statistics.mean(found[k + kind]) for k in rivals}
        best = max(rivals, key=mean.__getitem__)
        pair = {"stack": found["stack" + kind], best: found[best + kind]}
        wanted = 1.0 if name == TEXT else -1.0
        lines.append(compare(f"{what} {rows}", best, pair, wanted))
    return lines


def is_part(key: str) -> bool:
    """Whether a key of what was found has the scores of a member."""
    return key.startswith("part ") and not key.endswith(" loss")


def compare_seconds(
    work: str, found: dict[str, list], rival: str, kind: str = ""
) -> Line:
    """Compare seconds of the two stacks, of the processor or of the wall."""
    ours, plain = found[f"ours{kind}"], found[f"{rival}{kind}"]
    by_round = [o / t for o, t in zip(ours, plain)]
    middle = statistics.median(ours), statistics.median(plain)
    return Line(
        work,
        "StackingClassifier"
        + (f", n_jobs={os.cpu_count()}" if rival == "jobs" else ""),
        middle[1],
        middle[0],
        middle[0] / middle[1],
        0.6,
        at_most=True,
        low=min(by_round),
        high=max(by_round),
    )


def compare(what: str, rival: str, found: dict[str, list], wanted: float) -> Line:
    """Compare the stack with a rival, in standard errors of the difference."""
    ours, theirs = np.array(found["stack"]), np.array(found[rival])
    gain = ours - theirs
    error = gain.std(ddof=1) / np.sqrt(len(gain)) if len(gain) > 1 else 0.0
    # Rounded, because one split that differs is one standard error.
    by = round(float(gain.mean() / error), 9) if error > 0 else 0.0
    gate = wanted if len(gain) > 1 else None  # one split has no standard error
    name = "StackingClassifier" if rival == "plain" else f"best {rival}"
    return Line(what, name, theirs.mean(), ours.mean(), by, gate, unit="")


if __name__ == "__main__":
    main()
