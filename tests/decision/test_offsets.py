"""Offsets of several classes never decide worse than the largest probability."""

import numpy as np
import pytest
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    f1_score,
    make_scorer,
    matthews_corrcoef,
)

from sknn_suite.decision import CostMatrix, DecisionRule
from sknn_suite.decision._scorer import make_criterion

COSTS = [[0, 1, 5], [2, 0, 1], [9, 3, 1]]


def total_cost(y, found, sample_weight=None):
    costs = np.array(COSTS)[y, found]
    return -float(np.average(costs, weights=sample_weight))


SCORES = {
    "accuracy": accuracy_score,
    "balanced_accuracy": balanced_accuracy_score,
    "f1_macro": lambda *a, **k: f1_score(*a, average="macro", zero_division=0, **k),
    "f1_weighted": lambda *a, **k: f1_score(
        *a, average="weighted", zero_division=0, **k
    ),
    "matthews_corrcoef": matthews_corrcoef,
    CostMatrix(COSTS): total_cost,
}


def case(seed, n=60, k=3):
    source = np.random.RandomState(seed)
    shares = source.dirichlet(np.full(k, 1.5))
    y = source.choice(k, size=n, p=shares)
    y[:k] = range(k)
    raw = source.normal(size=(n, k)) + 1.5 * np.eye(k)[y] + 2 * np.log(shares + 0.01)
    proba = np.exp(raw) / np.exp(raw).sum(axis=1, keepdims=True)
    weight = source.choice([0.0, 1.0, 2.5], size=n) if seed % 2 else None
    if weight is not None:
        weight[:k] = 1
    return y, proba, weight


@pytest.mark.parametrize("scoring", SCORES, ids=str)
def test_the_value_is_that_of_the_decisions_and_no_worse_than_argmax(scoring):
    gains = []
    for seed in range(20):
        y, proba, weight = case(seed)
        criterion = make_criterion(scoring)
        classes = np.arange(3)
        rule = DecisionRule.choose(criterion, "multiclass", y, proba, classes, weight)
        score = SCORES[scoring]
        told = score(y, rule.decide(proba), sample_weight=weight)
        plain = score(y, proba.argmax(axis=1), sample_weight=weight)
        assert rule.value == pytest.approx(told, abs=1e-9)
        assert told >= plain - 1e-12
        gains.append(told - plain)
    assert max(gains) > 0.01


def test_no_single_offset_can_improve_the_end_of_the_search():
    y, proba, _ = case(3)
    rule = DecisionRule.choose(
        make_criterion("f1_macro"), "multiclass", y, proba, np.arange(3), None
    )
    for k in range(3):
        for factor in np.exp(np.linspace(-4, 4, 161)):
            threshold = rule.threshold.copy()
            threshold[k] *= factor
            found = (np.log(proba) - np.log(threshold)).argmax(axis=1)
            value = f1_score(y, found, average="macro", zero_division=0)
            assert value <= rule.value + 1e-12


def test_thresholds_sum_to_one_and_equal_ones_are_argmax():
    y, proba, _ = case(0)
    perfect = np.eye(3)[y] * 0.9 + 0.1 / 3
    rule = DecisionRule.choose(
        make_criterion("f1_macro"), "multiclass", y, perfect, np.arange(3), None
    )
    np.testing.assert_allclose(rule.threshold, 1 / 3)
    rule = DecisionRule.choose(
        make_criterion("f1_macro"), "multiclass", y, proba, np.arange(3), None
    )
    assert rule.threshold.sum() == pytest.approx(1)


def test_any_scorer_decides_between_several_classes():
    y, proba, _ = case(5)
    labels = np.array(["a", "b", "c"])
    scorer = make_scorer(balanced_accuracy_score)
    criterion = make_criterion(scorer)
    rule = DecisionRule.choose(criterion, "multiclass", labels[y], proba, labels, None)
    told = balanced_accuracy_score(y, rule.decide(proba))
    assert rule.value == pytest.approx(told)
    assert told >= balanced_accuracy_score(y, proba.argmax(axis=1))


def test_probabilities_of_zero_can_be_decided_about():
    y = np.array([0, 1, 2, 2])
    proba = np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0]])
    rule = DecisionRule.choose(
        make_criterion("f1_macro"), "multiclass", y, proba, np.arange(3), None
    )
    assert rule.value >= f1_score(y, proba.argmax(axis=1), average="macro")


def test_a_class_without_rows_is_told():
    y, proba, _ = case(0)
    y[y == 2] = 0
    with pytest.raises(ValueError, match=r"classes \[2\] are missing"):
        DecisionRule.choose(
            make_criterion("f1_macro"), "multiclass", y, proba, np.arange(3), None
        )
