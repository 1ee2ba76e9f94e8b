"""How well TextRNNClassifier and RNNClassifier classify, with defaults only.

Fixed splits, means over seeds. trec, sst2 and imdb have the split of their source; mr
and hate_offensive a stratified fifth as test rows (seed 0). hate_offensive is scored by
macro F1 with class_weight="balanced", the others by accuracy. The last line is the F1
of bursts, one row in a hundred.
"""

import argparse
from typing import Any

import numpy as np
from _measure import Line, load_shared, parse_options, report
from sklearn.metrics import f1_score
from sklearn.model_selection import train_test_split

from sknn_suite import RNNClassifier, TextRNNClassifier
from sknn_suite.datasets import make_bursty_sequences

# TF-IDF of words and pairs with logistic regression, and what must be reached.
SETS = {
    "trec": (0.892, 0.905),
    "mr": (0.785, 0.785),
    "sst2": (0.813, 0.820),
    "hate_offensive": (0.711, 0.72),
    "imdb": (None, 0.88),
}
BURSTS = (0.475, 0.95)  # of a published net, on its version of the data


def main() -> None:
    options = parse_options(__doc__)
    lines: list[Line] = []
    raw: dict[str, Any] = {}
    texts(options, lines, raw)
    bursts(options, lines, raw)
    notes = ["The column of ratios holds our figure, which the gate is for."]
    report("text_quality", __doc__, lines, options, notes=notes, raw=raw)


def texts(options: argparse.Namespace, lines: list[Line], raw: dict) -> None:
    vectors = load_shared("glove_6b_50d")
    pair = None if vectors is None else (vectors["words"], vectors["X"])
    seeds = range(1 if options.quick else 3)
    for name, (theirs, gate) in SETS.items():
        data = load_shared(name)
        if data is None or (options.quick and name == "imdb"):
            continue
        X, y, train, test = data["X"], data["y"], data["train"], data["test"]
        if train is None:
            train, test = train_test_split(
                np.arange(len(y)), test_size=0.2, stratify=y, random_state=0
            )
        balanced = name == "hate_offensive"
        plain: float | None = None
        for with_vectors in (False, True):
            scores = []
            for seed in seeds:
                model = TextRNNClassifier(
                    class_weight="balanced" if balanced else None,
                    embeddings=pair if with_vectors else None,
                    random_state=seed,
                )
                found = model.fit(X[train], y[train]).predict(X[test])
                scores.append(
                    f1_score(y[test], found, average="macro")
                    if balanced
                    else float((found == y[test]).mean())
                )
            raw[f"{name}, vectors={with_vectors}"] = scores
            mean = float(np.mean(scores))
            work, against, other = name, "TF-IDF + LogisticRegression", theirs
            if with_vectors:
                work, against, other = f"{name}, GloVe 50d", "without vectors", plain
            lines.append(Line(work, against, other, mean, mean, gate, unit=""))
            plain = mean
            if pair is None:
                break


def bursts(options: argparse.Namespace, lines: list[Line], raw: dict) -> None:
    scores = []
    for seed in range(1 if options.quick else 3):
        X, X_test, y, y_test = make_bursty_sequences(random_state=seed)
        model = RNNClassifier(class_weight="balanced", random_state=seed).fit(X, y)
        scores.append(f1_score(y_test, model.predict(X_test)))
    raw["bursts"] = scores
    mean = float(np.mean(scores))
    theirs, gate = BURSTS
    lines.append(
        Line("bursts, F1", "DL4J, published", theirs, mean, mean, gate, unit="")
    )


if __name__ == "__main__":
    main()
