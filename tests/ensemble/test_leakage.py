"""On labels without meaning each level scores chance; a leak would be seen."""

import numpy as np
import pytest
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


def surprises(has_identifier, seeds):
    """Levels whose mean score is more than two standard errors away from chance."""
    runs = [scores_of_levels(seed, has_identifier) for seed in seeds]
    found = {}
    for name in runs[0]:
        values = np.array([run[name] for run in runs])
        error = values.std(ddof=1) / np.sqrt(len(values))
        if abs(values.mean() - 0.5) > 2 * error:
            found[name] = values.mean()
    return found


@pytest.mark.parametrize("has_identifier", [False, True])
def test_permuted_labels_score_chance_on_each_level(has_identifier):
    assert surprises(has_identifier, SEEDS) == {}


def test_a_copy_that_feeds_in_sample_predictions_is_found(monkeypatch):
    fit = _fold_fits._fit

    def leaky(member, target, y, pair):
        everything = np.union1d(*pair), pair[1]
        return fit(member, target, y, everything)

    monkeypatch.setattr(_fold_fits, "_fit", leaky)
    found = surprises(False, SEEDS[:5])
    assert {"forest", "near", "line", "mean", "stack"} <= found.keys()
    assert found["stack"] > 0.8
