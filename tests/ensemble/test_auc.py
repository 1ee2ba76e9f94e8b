"""The fast area under the curve is scikit-learn's, ties, zeros and weights included."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from sknn_suite.ensemble._auc import AreaUnderRoc


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shift", [0.0, 0.4], ids=["probabilities", "any numbers"])
def test_it_is_scikit_learns(weighted, shift):
    source = np.random.RandomState(0)
    n_compared = 0
    for _ in range(200):
        n = source.randint(2, 60)
        positive = source.uniform(size=n) > 0.5
        scores = source.choice([0.0, -0.0, 0.1, 0.5, 1.0, source.uniform()], n) - shift
        weight = source.randint(0, 3, n).astype(float) if weighted else None
        counts = np.ones(n) if weight is None else weight
        if not (counts[positive].sum() and counts[~positive].sum()):
            continue
        expected = roc_auc_score(positive, scores, sample_weight=weight)
        found = AreaUnderRoc(positive, weight)(scores)
        assert found == pytest.approx(expected, abs=1e-12)
        n_compared += 1
    assert n_compared > 100


def test_neighbouring_floats_are_no_ties():
    low = 0.3
    high = np.nextafter(low, 1)
    judge = AreaUnderRoc(np.array([False, True]))
    assert judge(np.array([low, high])) == 1.0
    assert judge(np.array([high, low])) == 0.0
    assert judge(np.array([low, low])) == 0.5


def test_one_class_has_none():
    assert np.isnan(AreaUnderRoc(np.array([True, True]))(np.array([0.1, 0.2])))
