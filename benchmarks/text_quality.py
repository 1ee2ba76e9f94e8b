"""How well TextRNNClassifier and RNNClassifier classify, with defaults only.

Figures are means over seeds on fixed splits. trec, sst2 and imdb have the split of
their source; mr and hate_offensive have a stratified fifth as test rows (seed 0). The
score of hate_offensive is macro F1 with class_weight="balanced", that of the others is
accuracy. With GloVe vectors the gate is the score without them. The last line is the F1
of bursts, which are one row in a hundred.
"""

import argparse
from typing import Any

import numpy as np
from _measure import Line, load_shared, parse_options, report
from sklearn.metrics import f1_score
from sklearn.model_selection import train_test_split

from sknn_suite import RNNClassifier, TextRNNClassifier
from sknn_suite.datasets import make_bursty_sequences

# Score of TF-IDF of words and pairs with logistic regression, and the score to reach.
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
    notes = ["The ratio column shows our figure, because the gate is for it."]
    report("text_quality", __doc__, lines, options, notes=notes, raw=raw)


def texts(options: argparse.Namespace, lines: list[Line], raw: dict) -> None:
    seeds = range(1 if options.quick else 3)
    for name, (theirs, gate) in SETS.items():
        if load_shared(name) is None or (options.quick and name == "imdb"):
            continue
        plain: float | None = None
        for with_vectors in (False, True):
            if with_vectors and load_shared("glove_6b_50d") is None:
                break
            scores = [score_texts(name, with_vectors, seed) for seed in seeds]
            raw[f"{name}, vectors={with_vectors}"] = scores
            lines.append(text_line(name, with_vectors, scores, theirs, gate, plain))
            plain = lines[-1].ours


def score_texts(name: str, with_vectors: bool, seed: int) -> float:
    """Score of the defaults on the test rows of a set."""
    data = load_shared(name)
    vectors = load_shared("glove_6b_50d") if with_vectors else None
    X, y, train, test = data["X"], data["y"], data["train"], data["test"]
    if train is None:
        train, test = train_test_split(
            np.arange(len(y)), test_size=0.2, stratify=y, random_state=0
        )
    balanced = name == "hate_offensive"
    model = TextRNNClassifier(
        class_weight="balanced" if balanced else None,
        embeddings=None if vectors is None else (vectors["words"], vectors["X"]),
        random_state=seed,
    )
    found = model.fit(X[train], y[train]).predict(X[test])
    if balanced:
        return float(f1_score(y[test], found, average="macro"))
    return float((found == y[test]).mean())


def text_line(
    name: str,
    with_vectors: bool,
    scores: list[float],
    theirs: float | None,
    gate: float | None,
    plain: float | None,
) -> Line:
    """Line of the table; with vectors, the comparison is with the score without."""
    work, against = name, "TF-IDF + LogisticRegression"
    if with_vectors:
        work, against = f"{name}, GloVe 50d", "without vectors"
        theirs = gate = None if plain is None else round(plain, 4)
    mean = float(np.mean(scores))
    return Line(work, against, theirs, mean, mean, gate, unit="")


def bursts(options: argparse.Namespace, lines: list[Line], raw: dict) -> None:
    seeds = range(1 if options.quick else 3)
    raw["bursts"] = [score_bursts(seed) for seed in seeds]
    lines.append(burst_line(raw["bursts"]))


def score_bursts(seed: int) -> float:
    """F1 of the defaults on the test rows of the bursts."""
    X, X_test, y, y_test = make_bursty_sequences(random_state=seed)
    model = RNNClassifier(class_weight="balanced", random_state=seed).fit(X, y)
    return float(f1_score(y_test, model.predict(X_test)))


def burst_line(scores: list[float]) -> Line:
    """Line of the table for the bursts."""
    theirs, gate = BURSTS
    mean = float(np.mean(scores))
    return Line("bursts, F1", "DL4J, published", theirs, mean, mean, gate, unit="")


if __name__ == "__main__":
    main()
