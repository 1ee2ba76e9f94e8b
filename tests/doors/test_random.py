"""Random generators of a fit."""

import copy

import numpy as np
import pytest

from sknn_suite.doors import copy_random_state


@pytest.mark.parametrize("bits", [np.random.MT19937, np.random.PCG64])
def test_a_copy_continues_as_its_source(bits):
    source = np.random.RandomState(bits(3))
    source.normal(size=3)  # so that half a pair of normal numbers is kept
    copied = copy_random_state(source)
    drawn = copied.normal(size=1000)
    np.testing.assert_array_equal(drawn, copy.deepcopy(source).normal(size=1000))
    np.testing.assert_array_equal(drawn, source.normal(size=1000))
