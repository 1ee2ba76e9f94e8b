"""On labels without meaning each level scores chance; a leak would be seen."""

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier

from sknn_suite.ensemble import (
    CrossFitClassifier,
    CrossFitStackingClassifier,
    _fold_fits,
)

N_SEEDS = 20
# On labels without meaning the level is not better than greedy weights, or is by luck.
pytestmark = pytest.mark.filterwarnings("ignore:LogisticRegression has:UserWarning")


def permuted(seed, has_identifier):
    """Rows whose labels have been permuted, sorted by an identifier or without one."""
    source = np.random.RandomState(seed)
    X = source.normal(size=(100, 5))
    y = source.permutation(np.repeat([0, 1], 50))
    if has_identifier:
        X = np.column_stack([np.arange(100), X, 1e9 + 7 * np.arange(100)])
    return X, y


def scores_of_levels(seed, has_identifier):
    """AUC of all levels, the mean of folds."""
    X, y = permuted(seed, has_identifier)
    members = [
        ("forest", RandomForestClassifier(8, random_state=seed)),
        ("near", KNeighborsClassifier(3)),
        ("line", LogisticRegression(max_iter=5000)),
    ]
    how = {
        "cv": StratifiedKFold(4, shuffle=True, random_state=seed),
        "scoring": "roc_auc",
    }
    stack = CrossFitStackingClassifier(members, **how).fit(X, y)
    level = LogisticRegression()
    learned = CrossFitStackingClassifier(members, final_estimator=level, **how)
    alone = CrossFitClassifier(members[0][1], **how).fit(X, y)
    return {
        "alone": alone.fold_scores_.mean(),
        **stack.score_table_["roc_auc"].to_dict(),
        "learned": learned.fit(X, y).fold_scores_.mean(),
    }


def surprises(has_identifier, n_seeds=N_SEEDS):
    """Levels whose mean score is more than two standard errors away from chance."""
    runs = [scores_of_levels(seed, has_identifier) for seed in range(n_seeds)]
    found = {}
    for name in runs[0]:
        values = np.array([run[name] for run in runs])
        error = values.std(ddof=1) / np.sqrt(n_seeds)
        if abs(values.mean() - 0.5) > 2 * error:
            found[name] = values.mean()
    return found


@pytest.mark.filterwarnings("ignore:lbfgs failed to converge")
@pytest.mark.parametrize("has_identifier", [False, True])
def test_permuted_labels_score_chance_on_each_level(has_identifier):
    assert surprises(has_identifier) == {}


def test_a_copy_that_feeds_in_sample_predictions_is_found(monkeypatch):
    fit = _fold_fits._fit

    def leaky(member, target, y, pair):
        everything = np.union1d(*pair), pair[1]
        return fit(member, target, y, everything)

    monkeypatch.setattr(_fold_fits, "_fit", leaky)
    found = surprises(False, n_seeds=5)
    assert {"alone", "forest", "near", "mean", "stack", "learned"} <= found.keys()
    assert found["stack"] > 0.8
