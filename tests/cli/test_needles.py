import contextlib
import io

from sknn_suite.cli._demo import PARTS, run_demo
from sknn_suite.cli._needles import find_the_needles


def test_the_needles_are_found_and_drawn(tmp_path):
    results = []

    def part(stage):
        results.append(find_the_needles(stage))
        return results[0]

    with contextlib.redirect_stdout(io.StringIO()) as text:
        run_demo(tmp_path, quick=True, parts=[part])
    (result,) = results
    assert max(map(len, text.getvalue().split("Saved")[0].splitlines())) <= 80
    assert result.pictures[0].read_bytes().startswith(b"\x89PNG")
    vae = result.rows[1]
    assert vae.ours[0] > max(0.7, vae.theirs[0])


def test_it_is_a_part_of_the_demo():
    assert find_the_needles in PARTS
