"""Shuffled columns: rough values for all of them before good ones for some."""

import numpy as np
import pytest

from sknn_suite.data import Column, ColumnTable
from sknn_suite.ensemble import _shuffled as shuffled
from sknn_suite.ensemble._clock import Clock
from sknn_suite.ensemble._shuffled import Judged, falls_when_shuffled

N = 80


@pytest.fixture
def folds():
    """Folds of a model that reads the first column twice as much as the second."""
    source = np.random.RandomState(0)
    found = []
    for _ in range(3):
        values = source.normal(size=(3, N))
        columns = (Column(name, "number", v) for name, v in zip("abc", values))
        y = 2 * values[0] + values[1]

        def score(model, rows):
            return 2 * rows.columns[0].values + rows.columns[1].values

        def judge(scores, y=y):
            return -float(((scores - y) ** 2).mean())

        found.append(Judged(None, ColumnTable(tuple(columns)), score, judge, 0.0))
    return found


def test_the_score_falls_by_what_a_column_says(folds):
    found = falls_when_shuffled(folds, Clock())
    assert list(found) == ["a", "b", "c"]
    assert found["a"] > 2 * found["b"] > 0
    assert found["c"] == 0


def test_columns_together_give_what_single_ones_give(folds, monkeypatch):
    together = falls_when_shuffled(folds, Clock())
    monkeypatch.setattr(shuffled, "MOST_CELLS", 1)
    assert falls_when_shuffled(folds, Clock()) == together


def test_a_short_time_gives_all_columns_a_value_from_fewer_folds(folds, monkeypatch):
    monkeypatch.setattr(shuffled, "MOST_CELLS", 1)
    looks = []

    def now():
        looks.append(len(looks))
        return looks[-1]

    monkeypatch.setattr(Clock, "now", staticmethod(now))
    first = falls_when_shuffled(folds[:1], Clock())
    assert falls_when_shuffled(folds, Clock(16)) == first
    assert list(falls_when_shuffled(folds, Clock(6))) == ["a", "b"]
    assert falls_when_shuffled(folds, Clock(0)) == {}
