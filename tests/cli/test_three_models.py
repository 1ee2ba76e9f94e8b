import contextlib
import io

from sknn_suite.cli._demo import PARTS, run_demo
from sknn_suite.cli._three_models import ask_three_models


def test_three_models_are_stacked_and_drawn(tmp_path):
    results = []

    def part(stage):
        results.append(ask_three_models(stage))
        return results[0]

    with contextlib.redirect_stdout(io.StringIO()) as text:
        run_demo(tmp_path, quick=True, parts=[part])
    (result,) = results
    assert max(map(len, text.getvalue().split("Saved")[0].splitlines())) <= 80
    assert [picture.name for picture in result.pictures] == ["stack.png"]
    assert result.pictures[0].read_bytes().startswith(b"\x89PNG")
    assert [row.step for row in result.rows] == ["network + words", "+ trees"]
    for row in result.rows:
        assert row.ours[0] > 0.6
        assert row.ours[1] > 0.4


def test_it_is_a_part_of_the_demo():
    assert ask_three_models in PARTS
