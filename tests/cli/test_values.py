"""Values of options, and what is said if they are none."""

import pytest

from sknn_suite.cli._faults import UsageError
from sknn_suite.cli._values import read_costs, read_share, read_time


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("5m", 300), ("1.5h", 5400)]
)
def test_times(text, seconds):
    assert read_time(text) == seconds


@pytest.mark.parametrize("text", ["soon", "-5", "0", "5d"])
def test_other_times_are_refused(text):
    with pytest.raises(UsageError, match="is no time"):
        read_time(text)


def test_costs():
    assert read_costs("fn=10, fp=1") == ((0.0, 1.0), (10.0, 0.0))
    assert read_costs("FN=10,fp=1,tp=-2") == ((0.0, 1.0), (10.0, -2.0))
    for text in ("fn=10", "fn=10,fp=x", "fn=1,fp=1,no=3"):
        with pytest.raises(UsageError, match="are no costs"):
            read_costs(text)


def test_shares():
    assert read_share("0.001") == 0.001
    for text in ("2", "0", "many"):
        with pytest.raises(UsageError, match="is no share"):
            read_share(text)
