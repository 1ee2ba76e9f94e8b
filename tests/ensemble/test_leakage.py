"""On labels without meaning each level scores chance; a leak would be seen."""

import numpy as np
import pytest
from scipy import stats
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier

from sknn_suite.ensemble import CrossFitStackingClassifier, _fold_fits

# Fixed before anything was measured.
SEEDS = range(20)
pytestmark = [
    # A level that is trained is not better than greedy weights, or is by luck.
    pytest.mark.filterwarnings("ignore:LogisticRegression has:UserWarning"),
    pytest.mark.filterwarnings("ignore:lbfgs failed to converge"),
]


def permuted(seed, has_identifier):
    """Rows whose labels have been permuted, in the order of an identifier or not."""
    # Not the random numbers that make the folds and the forests.
    source = np.random.default_rng([seed, 1])
    X = source.normal(size=(100, 5))
    y = source.permutation(np.repeat([0, 1], 50))
    if has_identifier:
        X = np.column_stack([np.arange(100), X, 1e9 + 7 * np.arange(100)])
    return X, y


def scores_of_levels(seed, has_identifier):
    """AUC of all levels, the mean of folds.

    Each fold is scored by itself. Rows of all folds together would score less than
    chance: where a fold has more of a class, its members have seen less of it.
    """
    X, y = permuted(seed, has_identifier)
    members = [
        ("forest", RandomForestClassifier(5, random_state=seed)),
        ("near", KNeighborsClassifier(3)),
        ("line", LogisticRegression()),
    ]
    how = {
        "cv": StratifiedKFold(4, shuffle=True, random_state=seed),
        "scoring": "roc_auc",
        "nested": True,
    }
    stack = CrossFitStackingClassifier(members, **how).fit(X, y)
    level = CrossFitStackingClassifier(
        members[1:], final_estimator=LogisticRegression(), **how
    ).fit(X, y)
    scores = {name: m.fold_scores_.mean() for name, m in stack.members_.items()}
    return {
        **scores,
        "mean": stack.mean_fold_scores_.mean(),
        "stack": stack.fold_scores_.mean(),
        "level": level.fold_scores_.mean(),
    }


# Two standard errors are a chance of 1 in 20 for one level. With twelve levels, one or
# more would be off by luck in every second choice of seeds: so all of them together
# get that chance (Bonferroni).
N_LEVELS = 12
MOST = stats.t.ppf(1 - 0.05 / 2 / N_LEVELS, len(SEEDS) - 1)


def surprises(has_identifier, seeds):
    """Levels whose mean score is further from chance than luck explains."""
    runs = [scores_of_levels(seed, has_identifier) for seed in seeds]
    found = {}
    for name in runs[0]:
        values = np.array([run[name] for run in runs])
        error = values.std(ddof=1) / np.sqrt(len(values))
        if abs(values.mean() - 0.5) > MOST * error:
            found[name] = values.mean()
    return found


@pytest.mark.parametrize("has_identifier", [False, True])
def test_permuted_labels_score_chance_on_each_level(has_identifier):
    assert surprises(has_identifier, SEEDS) == {}


def predictions_of_levels(X, y, folds, **how):
    """Out-of-fold probabilities of all levels."""
    members = [("near", KNeighborsClassifier(3)), ("line", LogisticRegression())]
    found = {}
    weighted = ("mean", "greedy", "simplex", "logits", "auto")
    for final in (*weighted, LogisticRegression()):
        stack = CrossFitStackingClassifier(
            members, cv=folds, final_estimator=final, **how
        ).fit(X, y)
        found |= {name: m._oof.scores[:, 1] for name, m in stack.members_.items()}
        found[str(final)] = stack.oof_predictions_["proba_1"].to_numpy()
    return found


@pytest.mark.parametrize("has_identifier", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_labels_of_a_fold_do_not_change_its_predictions(seed, has_identifier):
    """No luck is in this one: a leak of any kind would change a digit."""
    X, y = permuted(seed, has_identifier)
    folds = list(StratifiedKFold(4, shuffle=True, random_state=seed).split(X, y))
    before = predictions_of_levels(X, y, folds, nested=True)
    for _, test in folds:
        other = y.copy()
        other[test] = 1 - other[test]
        after = predictions_of_levels(X, other, folds, nested=True)
        for name, values in before.items():
            np.testing.assert_array_equal(values[test], after[name][test], name)


def test_without_nested_folds_weights_have_seen_a_trace_of_the_fold():
    """What the documentation says of k fits: members and their mean have not."""
    X, y = permuted(0, False)
    folds = list(StratifiedKFold(4, shuffle=True, random_state=0).split(X, y))
    before = predictions_of_levels(X, y, folds)
    changed = set()
    for _, test in folds:
        other = y.copy()
        other[test] = 1 - other[test]
        after = predictions_of_levels(X, other, folds)
        changed |= {n for n, v in before.items() if (v[test] != after[n][test]).any()}
    assert changed.isdisjoint({"near", "line", "mean"})
    assert {"greedy", "simplex", "logits"} <= changed


def test_a_copy_that_feeds_in_sample_predictions_is_found(monkeypatch):
    fit = _fold_fits._fit

    def leaky(member, target, y, pair):
        everything = np.union1d(*pair), pair[1]
        return fit(member, target, y, everything)

    monkeypatch.setattr(_fold_fits, "_fit", leaky)
    found = surprises(False, SEEDS[:5])
    assert {"forest", "near", "line", "mean", "stack"} <= found.keys()
    assert found["stack"] > 0.8
