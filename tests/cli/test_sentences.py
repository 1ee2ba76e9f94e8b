import contextlib
import io

from sknn_suite.cli._demo import PARTS, run_demo
from sknn_suite.cli._sentences import place_the_sentences


def test_the_quick_part_shows_one_table_and_one_picture(tmp_path):
    with contextlib.redirect_stdout(io.StringIO()) as text:
        run_demo(tmp_path, quick=True, parts=[place_the_sentences])
    lines = text.getvalue().splitlines()
    assert max(len(line) for line in lines if not line.startswith("Saved")) <= 80
    picture = tmp_path / "token_attention.png"
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_it_is_a_part():
    assert place_the_sentences in PARTS
