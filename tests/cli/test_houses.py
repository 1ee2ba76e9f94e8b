import contextlib
import io

import numpy as np

from sknn_suite.cli._demo import PARTS, run_demo
from sknn_suite.cli._houses import COLUMNS, make_houses, price_the_houses


def test_houses_are_priced_and_drawn(tmp_path):
    results = []

    def part(stage):
        results.append(price_the_houses(stage))
        return results[0]

    with contextlib.redirect_stdout(io.StringIO()) as text:
        run_demo(tmp_path, quick=True, parts=[part])
    (result,) = results
    assert max(map(len, text.getvalue().split("Saved")[0].splitlines())) <= 80
    assert [picture.name for picture in result.pictures] == ["houses.png"]
    assert result.pictures[0].read_bytes().startswith(b"\x89PNG")
    (row,) = result.rows
    assert row.ours[0] > row.theirs[0] > 0.5  # R2
    assert row.ours[1] < row.theirs[1] < 25  # error in percent


def test_the_table_is_mixed_and_the_same_for_a_seed():
    X, y = make_houses(300, seed=1)
    again, same = make_houses(300, seed=1)
    assert X.shape == (300, len(COLUMNS))
    np.testing.assert_array_equal(X, again)
    np.testing.assert_array_equal(y, same)
    assert (y > 0).all()
    gaps = [sum(value is None for value in column) for column in X.T]
    assert [name for name, n in zip(COLUMNS, gaps) if n] == ["lot", "garage"]
    kinds = [{type(v) for v in column} - {type(None)} for column in X.T]
    assert kinds == [{float}, {float}, {int}, {int}, {str}, {str}, {str}, {str}]


def test_it_is_a_part_of_the_demo():
    assert price_the_houses in PARTS
