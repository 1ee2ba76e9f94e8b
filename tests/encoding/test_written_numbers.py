"""Numbers that are written in strings."""

import numpy as np
import pytest

from sknn_suite.encoding import parse_numbers

WRITTEN = {
    " 12 ": 12.0,
    "-.5": -0.5,
    "1e3": 1000.0,
    "1,234,567.8": 1234567.8,
    "$1,000": 1000.0,
    "-$3": -3.0,
    "$-3": -3.0,
    "+7 €": 7.0,
    "£.99": 0.99,
    "50%": 0.5,
    "-12.5 %": -0.125,
}

WORDS = ("12,34", "1,2345", "1.234,5", "12 kg", "--3", "-$-3", "$5$", "%", "$", "1e999")


@pytest.mark.parametrize("text", WRITTEN)
def test_a_number_is_read(text):
    found = parse_numbers(np.array([text, ""]))
    np.testing.assert_array_equal(found, [WRITTEN[text], np.nan])


@pytest.mark.parametrize("text", WORDS)
def test_words_are_no_numbers(text):
    for strict in (True, False):
        assert parse_numbers(np.array(["1", text]), strict) is None


def test_codes_and_mixed_signs_are_numbers_only_if_one_insists():
    for texts in (["007", "12"], ["5%", "2"], ["$1", "1 €"], [" ", ""]):
        assert parse_numbers(np.array(texts)) is None
        assert parse_numbers(np.array(texts), strict=False) is not None
