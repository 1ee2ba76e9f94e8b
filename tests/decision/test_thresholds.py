"""The best threshold is the optimum over every distinct score."""

import numpy as np
import pytest
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    confusion_matrix,
    f1_score,
    fbeta_score,
    jaccard_score,
    make_scorer,
    matthews_corrcoef,
    precision_score,
    recall_score,
)

from sknn_suite.decision import (
    Capacity,
    CostMatrix,
    FBeta,
    PrecisionAtRecall,
    RecallAtPrecision,
    find_threshold,
)

COSTS = [[-1.0, 1.0], [20.0, 0.5]]


def cost(y, found, sample_weight=None):
    counts = confusion_matrix(y, found, labels=[0, 1], sample_weight=sample_weight)
    return -(counts * np.array(COSTS)).sum() / counts.sum()


def recall_if_precise(y, found, sample_weight=None):
    precision = precision_score(y, found, sample_weight=sample_weight, zero_division=0)
    if precision < 0.3 - 1e-12:
        return -np.inf
    return recall_score(y, found, sample_weight=sample_weight)


def precision_if_found(y, found, sample_weight=None):
    if recall_score(y, found, sample_weight=sample_weight) < 0.5 - 1e-12:
        return -np.inf
    return precision_score(y, found, sample_weight=sample_weight, zero_division=0)


def flagged_if_few(y, found, sample_weight=None):
    n = found.sum() if sample_weight is None else sample_weight[found].sum()
    return n if n <= 5 * (1 + 1e-12) else -np.inf


def of(metric, **given):
    def score(y, found, sample_weight=None):
        return metric(y, found, sample_weight=sample_weight, **given)

    return score


def matthews(y, found, sample_weight=None):
    # scikit-learn's rounding of a constant decision is not exactly zero
    if found.all() or not found.any():
        return 0.0
    return matthews_corrcoef(y, found, sample_weight=sample_weight)


BRUTE = {
    "accuracy": of(accuracy_score),
    "balanced_accuracy": of(balanced_accuracy_score),
    "f1": of(f1_score, zero_division=0),
    "f1_macro": of(f1_score, average="macro", zero_division=0),
    "f1_weighted": of(f1_score, average="weighted", zero_division=0),
    "jaccard": of(jaccard_score, zero_division=0),
    "matthews_corrcoef": matthews,
    "precision": of(precision_score, zero_division=0),
    "recall": of(recall_score),
    FBeta(2): of(fbeta_score, beta=2, zero_division=0),
    CostMatrix(COSTS): cost,
    RecallAtPrecision(0.3): recall_if_precise,
    PrecisionAtRecall(0.5): precision_if_found,
    Capacity(5): flagged_if_few,
}


def random_case(seed):
    source = np.random.RandomState(seed)
    n = source.randint(8, 16)
    y = (source.uniform(size=n) < source.uniform(0.1, 0.6)).astype(int)
    y[:2] = 0, 1
    # Scores with ties, and some that differ by very little.
    score = np.round(source.normal(size=n) + y, source.randint(1, 4))
    score = score / 10 ** source.randint(0, 4)
    weight = None
    if seed % 2:
        weight = source.choice([0.0, 0.5, 1.0, 2.0, 3.7], size=n)
        weight[:2] = 3.0  # more in all than the capacity
    return y, score, weight


@pytest.mark.parametrize("scoring", BRUTE, ids=str)
def test_the_optimum_is_that_of_brute_force(scoring):
    # 14 criteria, 72 cases each: 1,008 in all.
    for seed in range(72):
        y, score, weight = random_case(seed)
        thresholds = [np.inf, *np.unique(score)]
        values = [BRUTE[scoring](y, score >= t, weight) for t in thresholds]
        if max(values) == -np.inf:
            with pytest.raises(ValueError, match="No threshold"):
                find_threshold(y, score, scoring, sample_weight=weight)
            continue
        choice = find_threshold(y, score, scoring, sample_weight=weight)
        assert choice.value == pytest.approx(max(values), abs=1e-10)
        found = score >= choice.threshold
        assert BRUTE[scoring](y, found, weight) == pytest.approx(max(values), abs=1e-10)


def test_every_threshold_of_a_million_rows_is_looked_at():
    source = np.random.RandomState(0)
    y = source.uniform(size=1_000_000) < 0.005
    score = source.normal(size=len(y)) + 2 * y
    choice = find_threshold(y, score, "f1")
    assert choice.is_exact
    order = np.argsort(-score)
    hits = np.cumsum(y[order])
    best = (2 * hits / (np.arange(1, len(y) + 1) + y.sum())).max()
    assert choice.value == pytest.approx(best, abs=1e-12)


def test_a_rare_class_is_found_where_a_hundred_even_thresholds_see_nothing():
    # All scores but one lie below the second of a hundred even thresholds.
    y = np.array([0] * 900 + [1] * 100 + [0])
    score = np.concatenate(
        [np.linspace(0, 0.004, 900), np.linspace(0.0045, 0.009, 100), [1.0]]
    )
    even = np.linspace(score.min(), score.max(), 100)
    assert max(f1_score(y, score >= t, zero_division=0) for t in even) < 0.2
    choice = find_threshold(y, score, "f1")
    assert choice.value == pytest.approx(200 / 201)
    assert 0.004 < choice.threshold < 0.0045


def test_ties_are_told_and_the_one_that_flags_the_fewest_rows_is_chosen():
    choice = find_threshold([1, 0, 0, 1], [4, 3, 2, 1], "accuracy")
    # one flagged, none missed of the first: 3 of 4 right
    assert choice.ties.tolist() == [3.5]
    choice = find_threshold([1, 0, 1, 0], [4, 3, 2, 1], "accuracy")
    assert choice.ties.tolist() == [1.5, 3.5]
    assert choice.threshold == 3.5


def test_a_threshold_that_flags_nothing_or_all_is_infinite():
    y, score = [1, 0, 0, 0], [1, 2, 3, 4]
    assert find_threshold(y, score, "accuracy").threshold == np.inf
    assert find_threshold(y, score, "recall").threshold == -np.inf


def test_thresholds_lie_halfway_between_scores():
    assert find_threshold([0, 1], [0.2, 0.6]).threshold == pytest.approx(0.4)


def test_neighbouring_floats_are_told_apart():
    low = 0.3
    high = np.nextafter(low, 1)
    choice = find_threshold([0, 1], [low, high])
    assert choice.value == 1.0
    assert choice.threshold == high


@pytest.mark.parametrize("n_rows", [40, 3000])
def test_any_scorer_can_be_used_and_says_whether_all_thresholds_were_tried(n_rows):
    source = np.random.RandomState(0)
    y = np.where(source.uniform(size=n_rows) < 0.3, "yes", "no")
    score = source.normal(size=n_rows) + (y == "yes")

    def youden(y, found, sample_weight=None):
        return 2 * balanced_accuracy_score(y, found, sample_weight=sample_weight) - 1

    choice = find_threshold(y, score, make_scorer(youden))
    exact = find_threshold(y, score, "balanced_accuracy")
    assert choice.is_exact == (n_rows == 40)
    assert choice.value == pytest.approx(2 * exact.value - 1, abs=0.005)
    if choice.is_exact:
        assert choice.threshold == exact.threshold


def test_a_scorer_by_name_that_counts_cannot_replace_is_called():
    y, score = [0, 0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4, 0.5]
    choice = find_threshold(y, score, "neg_mean_absolute_error")
    assert choice.value == pytest.approx(-0.2)


def test_weight_zero_is_no_row():
    y, score = np.array([0, 1, 0, 1]), np.array([0.1, 0.2, 0.3, 0.4])
    weighted = find_threshold(y, score, sample_weight=[1, 1, 0, 1])
    without = find_threshold(y[[0, 1, 3]], score[[0, 1, 3]])
    assert weighted.threshold == without.threshold
    assert weighted.ties.tolist() == without.ties.tolist()


def test_the_curve_keeps_a_thousand_thresholds_and_the_chosen_one():
    source = np.random.RandomState(0)
    y = source.uniform(size=5000) < 0.2
    score = source.normal(size=5000) + y
    choice = find_threshold(y, score)
    curve = choice.curve
    assert 1000 <= len(curve.thresholds) <= 1001
    assert (np.diff(curve.thresholds) > 0).all()
    at = np.searchsorted(curve.thresholds, choice.threshold)
    assert curve.thresholds[at] == choice.threshold
    assert curve.values[at] == curve.values.max() == choice.value
    found = score >= curve.thresholds[10]
    assert curve.precision[10] == pytest.approx(precision_score(y, found))
    assert curve.recall[10] == pytest.approx(recall_score(y, found))
    assert curve.flagged[10] == pytest.approx(found.mean())


def test_a_capacity_out_of_others_is_a_share():
    score = np.arange(100) / 100
    y = np.arange(100) % 2
    choice = find_threshold(y, score, Capacity(20, out_of=1000))
    assert (score >= choice.threshold).sum() == 2


def test_a_capacity_flags_exactly_so_many_rows_here_and_now():
    flags = Capacity(3).flag([0.5, 0.5, 0.5, 0.5, 0.1])
    assert flags.tolist() == [True, True, True, False, False]


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: CostMatrix([[0, 1, 2], [1, 0, 2]]), "not a square matrix"),
        (lambda: CostMatrix([[0, np.nan], [1, 0]]), "finite"),
        (lambda: CostMatrix("cost"), "not a square matrix"),
        (lambda: CostMatrix([[0, 1], [-10, 0]]), "no mistake that pays"),
        (lambda: Capacity(0), "n_rows=0"),
        (lambda: Capacity(2.5), "n_rows=2.5"),
        (lambda: Capacity(5, out_of=4), "capacity of 5 is larger"),
        (lambda: FBeta(0), "beta=0"),
        (lambda: RecallAtPrecision(0), "precision=0"),
        (lambda: PrecisionAtRecall(1.5), r"recall=1\.5"),
    ],
)
def test_a_criterion_that_makes_no_sense_is_refused(make, text):
    with pytest.raises(ValueError, match=text):
        make()


@pytest.mark.parametrize(
    ("y", "score", "scoring", "weight", "text"),
    [
        ([0, 0], [1, 2], "f1", None, r"1 class\(es\): \[0\]"),
        ([0, 1, 2], [1, 2, 3], "f1", None, "3 class"),
        ([0, 1], [1, 2], "f1", [1, 0], "1 class"),
        ([0, 1], [1, np.nan], "f1", None, "NaN"),
        ([0, 1], [1, 2, 3], "f1", None, "inconsistent"),
        ([0, 1], [1, 2], "f1", [1, -1], "sample_weight"),
        ([0, 1], [1, 2], "f2", None, "'f2' is not the name of a scorer"),
        ([0, 1], [1, 2], Capacity(3), None, "capacity of 3 is larger"),
        ([0, 1], [1, 2], np.zeros((3, 3)), None, "3 rows, but there are 2"),
        ([0, 1], [1, 2], "roc_auc", None, "reads more than decisions"),
        ([0, 0, 1], [2, 3, 1], RecallAtPrecision(0.9), None, r"highest is 0\.333"),
        ([0, 1], [1, 2], lambda e, X, y: 1.0, [1, 2], "takes no sample_weight"),
    ],
)
def test_bad_input_is_told(y, score, scoring, weight, text):
    with pytest.raises(ValueError, match=text):
        find_threshold(y, score, scoring, sample_weight=weight)


def _hits(model, X, y):
    return float((model.predict(X) == y).mean())


@pytest.mark.parametrize(
    ("scoring", "by"),
    [
        ("f1", "the score 'f1'"),
        (_hits, "the score _hits"),
        (Capacity(1), "a capacity of 1"),
        ([[0, 1], [50, 0]], "the cost matrix [[0.0, 1.0], [50.0, 0.0]]"),
    ],
)
def test_a_choice_is_one_line_to_read(scoring, by):
    choice = find_threshold([0, 0, 1, 1], [0.1, 0.25, 0.75, 0.9], scoring)
    threshold, value = f"{choice.threshold:.6g}", f"{choice.value:.6g}"
    assert repr(choice) == (
        f"ThresholdChoice(threshold={threshold}, value={value}, by {by}, "
        f"n_ties={len(choice.ties)}, is_exact=True)"
    )


def test_the_two_columns_of_probabilities_are_taken():
    y, positive = np.array([0, 0, 1, 0, 1]), np.array([0.1, 0.2, 0.4, 0.5, 0.9])
    expected = find_threshold(y, positive).threshold
    assert find_threshold(y, np.c_[1 - positive, positive]).threshold == expected
    assert find_threshold(y, positive[:, None]).threshold == expected
    with pytest.raises(ValueError, match=r"^y_score has the shape \(5, 3\)\. Expected"):
        find_threshold(y, np.ones((5, 3)))
