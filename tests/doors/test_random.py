"""Copies of random generators."""

import numpy as np
import pytest

from sknn_suite.doors import copy_random_state


@pytest.mark.parametrize("kind", [np.random.MT19937, np.random.PCG64])
def test_a_copy_draws_the_same_and_leaves_the_original(kind):
    original = np.random.RandomState(kind(3))
    original.normal()  # one of the pair is kept
    copied = copy_random_state(original)
    drawn = copied.normal(size=5), copied.randint(100, size=5)
    np.testing.assert_array_equal(original.normal(size=5), drawn[0])
    np.testing.assert_array_equal(original.randint(100, size=5), drawn[1])
