"""Errors show a few labels, and say how many more there are."""

import numpy as np
import pytest

from sknn_suite import MLPClassifier
from sknn_suite.checks import list_some
from sknn_suite.decision import find_threshold


@pytest.mark.parametrize(
    ("n", "shown"),
    [(0, "[]"), (5, "[0, 1, 2, 3, 4]"), (6, "[0, 1, 2, 3, 4] and 1 more")],
)
def test_what_is_not_shown_is_counted(n, shown):
    assert list_some(np.arange(n)) == list_some(range(n)) == shown


def test_a_weight_of_an_unknown_class():
    X, y = np.eye(20), np.arange(20) % 10
    said = r"names \[99\], .* the classes are \[0, 1, 2, 3, 4\] and 5 more\. Expected"
    with pytest.raises(ValueError, match=said):
        MLPClassifier(class_weight={99: 3}).fit(X, y)


def test_a_threshold_of_many_classes():
    with pytest.raises(ValueError, match=r"class.*: \[0, 1, 2, 3, 4\] and 2 more"):
        find_threshold(np.arange(7), np.arange(7) / 7)
