"""Findings about labels that look wrong."""

import numpy as np
from sklearn.neighbors import NearestNeighbors

from sknn_suite.inspection._evidence import Evidence
from sknn_suite.inspection._finding import Finding, name_some, percent

# A label is contradicted if so many nearest neighbours agree on another one.
N_NEIGHBOURS = 11
# Contradicted labels are suspect from this share of the rows of a class on, in two
# classes at least: rare rows of one class among many of another are no errors.
SUSPECT, FEWEST = 0.01, 3
# Rows that repeat, such as those of categories, do not determine their class.
UNIQUE = 0.8
# Wider rows have no near neighbours.
MOST_COLUMNS = 4096

# Where classes overlap, neighbours that all agree are right far more often than others,
# and so is a network in the half of the rows where it is surest. Wrong labels are
# anywhere.
SURE_ERROR, LIKE_THE_REST = 0.04, 0.5

# If a share of the labels is wrong anywhere, chance says how many rows have neighbours
# that all agree. Where classes overlap in some regions only, more rows have, because
# the others have no disagreement. Up to this many times as many are chance as well.
MORE_AGREE = 1.3


def find_wrong_labels(evidence: Evidence) -> list[Finding]:
    """Find labels that neighbours contradict, or the network where it is sure.

    The network is asked only about rows that have no near neighbours. Classes that
    overlap look alike; without evidence against them, nothing is found.
    """
    if not evidence.is_classifier:
        return []
    codes = evidence.estimator._net.target.codes(evidence.targets).astype(int)
    rows = _as_points(evidence)
    if rows is None:
        contradicted = _by_network(evidence, codes)
    else:
        contradicted = _by_neighbours(rows, codes)
    if contradicted is None:
        return []
    step = max(round(len(evidence.all_targets) / len(codes)), 1)
    names = name_some([str(i * step) for i in np.flatnonzero(contradicted)])
    sentence = (
        f"At least {percent(contradicted.mean())} of the labels look wrong (rows "
        f"{names}), since rows that are alike agree on another class; check them."
    )
    return [Finding("wrong labels", sentence)]


def _by_neighbours(rows: np.ndarray, codes: np.ndarray) -> np.ndarray | None:
    if len(rows) < 5 * N_NEIGHBOURS:
        return None
    if len(np.unique(rows, axis=0)) < UNIQUE * len(rows):
        return None
    near = NearestNeighbors(n_neighbors=N_NEIGHBOURS).fit(rows)
    around = codes[near.kneighbors(return_distance=False)]  # (n, N_NEIGHBOURS)
    votes = np.stack([(around == code).sum(axis=1) for code in range(codes.max() + 1)])
    usual, agree = votes.argmax(axis=0), votes.max(axis=0)
    unlike = codes != usual
    everyone, most = agree == N_NEIGHBOURS, agree < N_NEIGHBOURS
    most &= agree > N_NEIGHBOURS // 2
    contradicted = everyone & unlike
    # Where classes overlap, rows whose neighbours agree are contradicted least.
    least = LIKE_THE_REST * unlike[most].mean() if most.any() else 0.0
    if not everyone.any() or unlike[everyone].mean() < least:
        return None
    by_chance = (1 - unlike.mean()) ** N_NEIGHBOURS
    if everyone.mean() > MORE_AGREE * by_chance:
        return None
    counts, wrong = (
        np.bincount(own, minlength=codes.max() + 1)
        for own in (codes, codes[contradicted])
    )
    suspect = (wrong >= FEWEST) & (wrong >= SUSPECT * counts)
    return contradicted if suspect.sum() >= 2 else None


def _as_points(evidence: Evidence) -> np.ndarray | None:
    """Give rows as points of comparable columns; None if they have no fixed size."""
    rows = evidence.some
    if not isinstance(rows, np.ndarray) or rows.dtype.kind not in "fiub":
        return evidence.columns if evidence.is_table else None
    points = rows.reshape(len(rows), -1).astype(np.float64)
    if points.shape[1] > MOST_COLUMNS:
        return None
    if rows.ndim == 2:
        scale = points.std(axis=0)
        points = points / np.where(scale > 0, scale, 1.0)
    return points


def _by_network(evidence: Evidence, codes: np.ndarray) -> np.ndarray | None:
    proba = evidence.probabilities
    if len(codes) < 5 * N_NEIGHBOURS or proba.shape[1] <= codes.max():
        return None
    wrong = proba.argmax(axis=1) != codes
    order = np.argsort(-proba.max(axis=1), kind="stable")
    sure, rest = np.split(wrong[order], [len(order) // 2])
    chance = 1 - np.bincount(codes).max() / len(codes)
    suspect = (
        sure.mean() >= SURE_ERROR
        and sure.mean() >= LIKE_THE_REST * rest.mean()
        and wrong.mean() <= chance / 2
    )
    if not suspect:
        return None
    wrong[order[len(order) // 2 :]] = False
    return wrong
